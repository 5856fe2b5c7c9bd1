"""Reads a clip: WAV files of 16 bits as they are, everything else through ffmpeg where it is installed."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

from run_graph import SAMPLES
from speech.wav_file import RATE, read_wav
from weights import ModelError


def read_audio(path: Path) -> np.ndarray:
    """(samples,) float32 at 16 kHz, at most 30 s. Raises ModelError where it cannot be read."""
    if not path.is_file():
        raise ModelError(f"there is no {path}: the manifest names it")
    ffmpeg = shutil.which("ffmpeg")
    try:
        samples = read_wav(path)
    except ModelError as error:
        if not ffmpeg:
            raise ModelError(f"cannot read {path} without ffmpeg: install it, or give WAV files of 16 bits") from error
        samples = decode(ffmpeg, path)
    if not len(samples):
        raise ModelError(f"{path} holds no audio: take it out of the manifest")
    return samples[:SAMPLES]


def decode(ffmpeg: str, path: Path) -> np.ndarray:
    # rematrix_maxval: else stereo becomes 1.4 times as loud and clips
    command = [ffmpeg, "-v", "error", "-nostdin", "-i", str(path), "-vn", "-t", str(SAMPLES / RATE), "-af",
               f"aresample={RATE}:rematrix_maxval=1.0", "-ac", "1", "-f", "f32le", "-"]
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode != 0:
        lines = result.stderr.decode("utf8", "replace").strip().splitlines() or [f"exit code {result.returncode}"]
        raise ModelError(f"ffmpeg cannot read {path} ({lines[-1]}): take it out of the manifest")
    return np.frombuffer(result.stdout, "<f4")
