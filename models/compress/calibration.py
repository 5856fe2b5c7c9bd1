"""What the layers of a model see on calibration audio: a few minutes of speech as the model will hear it.

Calibration never reads what models are evaluated on. The model writes its own transcripts, so that the audio needs no text.
"""
from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from build import build
from clips import Clip, read_clips, read_lines
from compare_tokens import read_audio
from hash_file import hash_file
from manifest import read_manifest
from run_graph import SAMPLES, Graph, prompt_of
from training_manifest import TrainingClip, read_joined
from weights import ModelError, WhisperWeights

FRAME = 320  # samples per encoder position
STRIDE = 16  # of merged silence, as layers/whisper/short-context.ts has it
SILENCE = 50  # positions kept after the audio, 1 s


@dataclass(frozen=True)
class Passage:
    """One clip as the graph for CPU hears it: its audio, a second of silence, and merged silence up to 30 s."""
    audio: np.ndarray  # (1, N) float32, N = 320 · positions
    positions: np.ndarray  # (L,) int64, in units of 20 ms
    score_bias: np.ndarray  # (L,) float32, added to the attention score of each position
    tokens: np.ndarray  # (1, T) int64: prompt, what the model writes, end token


def choose(weights: WhisperWeights, path: Path, limit: int) -> list[Clip]:
    known = weights.languages or {"en": 0}
    clips = [clip for clip in read_clips(path) if all(code in known for code in clip.languages)][:limit]
    if not clips:
        raise ModelError(f"{path} has no clip in a language of {weights.source.name}: give speech in one of {sorted(known)}")
    return clips


def calibration_clips(weights: WhisperWeights, path: Path, limit: int) -> list[TrainingClip]:
    """The same clips as what weights have seen, so that they are not evaluated on them; with the recordings they were cut from."""
    lines = {item["file"]: item for _, item in read_lines(path)}
    return [TrainingClip(clip.file, clip.text, 0.0, hash_file(clip.path), lines[clip.file].get("origin"), lines[clip.file].get("originSha256"),
                         read_joined(lines[clip.file], clip.file))
            for clip in choose(weights, path, limit)]


def read_passages(weights: WhisperWeights, path: Path, limit: int, note: Callable[[str], None] = lambda _: None) -> list[Passage]:
    """The first `limit` clips of a JSONL of {"file", …} that the model has the language of, at most 30 s of each. Raises
    ModelError where there is none, or a clip cannot be read."""
    clips = choose(weights, path, limit)
    note(f"writing transcripts of {len(clips)} clips")
    with tempfile.TemporaryDirectory() as folder:
        built = build(weights, "fp32", "cpu", Path(folder), "calibration")
        manifest = read_manifest(built)
        graph = Graph(built, manifest)
        passages = []
        for place, clip in enumerate(clips):
            heard = passage(read_audio(clip.path), [])
            with_times = place % 2 == 1  # half of them with timestamps, as the engine asks for them
            prompt = prompt_of(manifest, clip.languages[0], with_times)
            written = graph.transcribe(heard.audio[0], prompt, with_times, int((heard.score_bias == 0).sum()), STRIDE)
            tokens = np.array([[*prompt, *written, manifest.tokens.end_of_text]])
            passages.append(dataclasses.replace(heard, tokens=tokens))
    return passages


def passage(audio: np.ndarray, tokens: list[int]) -> Passage:
    """audio (480000,), padded with zeros."""
    end = SAMPLES // FRAME
    said = int(np.flatnonzero(audio)[-1]) + 1 if audio.any() else 0
    kept = -(-said // FRAME) + SILENCE
    kept = end if kept + STRIDE // 2 >= end else kept
    tail = np.arange(kept + STRIDE // 2, end, STRIDE)
    positions = np.concatenate([np.arange(kept), tail])
    bias = np.concatenate([np.zeros(kept), np.full(len(tail), np.log(STRIDE))]).astype(np.float32)
    return Passage(audio[None, : FRAME * len(positions)], positions, bias, np.array([tokens]))
