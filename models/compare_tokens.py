"""Tokens of a graph beside those of a reference, clip by clip."""
from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clips import Clip, read_clips
from manifest import Manifest
from reference import Reference
from run_graph import SAMPLES, Graph, prompt_of
from weights import ModelError


@dataclass(frozen=True)
class Comparison:
    """One clip: tokens of the reference and of the graph, for each pass (without and with timestamps)."""
    file: str
    expected: list[list[int]]
    found: list[list[int]]

    @property
    def errors(self) -> int:
        return sum(edit_distance(*pair) for pair in zip(self.expected, self.found, strict=True))

    @property
    def tokens(self) -> int:
        return sum(map(len, self.expected))


def edit_distance(expected: list[int], found: list[int]) -> int:
    """Tokens to replace, remove and insert."""
    row = list(range(len(found) + 1))
    for count, wanted in enumerate(expected, 1):
        diagonal, row[0] = row[0], count
        for place, token in enumerate(found, 1):
            diagonal, row[place] = row[place], min(diagonal + (token != wanted), row[place] + 1, row[place - 1] + 1)
    return row[-1]


def choose_clips(path: Path, manifest: Manifest) -> list[Clip]:
    """The clips in languages that the model has: an English-only model has no tokens for the others."""
    languages = manifest.languages or {"en": 0}
    clips = [clip for clip in read_clips(path) if all(code in languages for code in clip.languages)]
    if not clips:
        raise ModelError(f"{path} has no clip in a language of {manifest.id}: give others with --clips")
    return clips


def read_audio(path: Path) -> np.ndarray:
    """The first 30 s of a recording, padded with zeros: (480000,) float32."""
    if not path.is_file():
        raise ModelError(f"{path} is not there, but the list of clips names it")
    audio = decode(path)[:SAMPLES]
    return np.pad(audio, (0, SAMPLES - len(audio)))


def decode(path: Path) -> np.ndarray:
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16_000, 2, 1):  # as it is, and without PyAV
                data = file.readframes(SAMPLES)
                return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768
    except (wave.Error, EOFError):
        pass
    from faster_whisper.audio import decode_audio

    try:
        return decode_audio(str(path))
    except Exception as error:  # PyAV's errors have no common class
        raise ModelError(f"{path} cannot be decoded ({error}): give a recording that plays") from error


def compare(graph: Graph, reference: Reference, manifest: Manifest, clips: list[Clip]) -> Iterator[Comparison]:
    """Yields a Comparison for each clip."""
    for clip in clips:
        audio, passes = read_audio(clip.path), []
        for timestamps in (False, True):
            prompt = prompt_of(manifest, clip.languages[0], timestamps)
            passes.append([engine.transcribe(audio, prompt, timestamps) for engine in (reference, graph)])
        yield Comparison(clip.file, *map(list, zip(*passes)))


def format_comparison(comparison: Comparison) -> str:
    """The clip's line of the table: tokens, errors, and where the first difference is."""
    first = "equal"
    for name, expected, found in zip(("", " with timestamps"), comparison.expected, comparison.found, strict=True):
        if expected != found:
            place = next((i for i, pair in enumerate(zip(expected, found)) if pair[0] != pair[1]), min(len(expected), len(found)))
            tokens = [f"{side[place]}" if place < len(side) else "the end" for side in (expected, found)]
            first = f"token {place}{name} is {tokens[1]}, not {tokens[0]}"
            break
    return f"{comparison.file:40.40} {comparison.tokens:6} {comparison.errors:6}  {first}"
