"""WAV files of 16 kHz, mono, 16 bits."""
from __future__ import annotations

import os
import wave
from pathlib import Path

import numpy as np

from weights import ModelError

RATE = 16_000


def read_wav(path: Path) -> np.ndarray:
    """(samples,) float32 at 16 kHz."""
    try:
        with wave.open(str(path), "rb") as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise ModelError(f"cannot read {path} ({error}): give a WAV file") from error
    if width != 2:
        raise ModelError(f"{path} has {8 * width} bits a sample: give 16")
    samples = np.frombuffer(data[:len(data) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels).mean(1).astype(np.float32) / 32768
    return samples if rate == RATE else resample(samples, RATE / rate)


def resample(samples: np.ndarray, factor: float) -> np.ndarray:
    """`factor` times as many samples: through the spectrum, so that nothing aliases."""
    size = max(1, round(len(samples) * factor))
    # Padded to lengths that the FFT takes fast; 0.1 s of silence keeps the end from ringing into the beginning
    padded = 1 << int(np.ceil(np.log2(len(samples) + 1600)))
    wanted = round(padded * factor)
    spectrum = np.fft.rfft(samples, padded)
    kept = min(len(spectrum), wanted // 2 + 1)
    out = np.fft.irfft(spectrum[:kept], wanted) * (wanted / padded)
    return out[:size].astype(np.float32)


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Writes it whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with wave.open(str(temporary), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((np.clip(samples, -1, 32767 / 32768) * 32768).round().astype("<i2").tobytes())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
