"""A folder of synthetic speech: whole files only, the same for the same seed, and taken up again where it was broken off."""
from __future__ import annotations

import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np

from hash_file import hash_file
from speech.effects import disturb
from speech.passages import read_passages
from speech.synthesizers import Unspoken, Voice, find_voices
from training_manifest import TrainingClip, format_clip
from speech.wav_file import RATE, read_wav, write_wav
from weights import ModelError

FORMAT = 1  # of what a seed gives: raise it when clips of a seed change
LONGEST_SECONDS = 30.0
MANIFEST = "train.jsonl"


def synthesize(out: Path, hours: float, seed: int, texts: list[str], without: list[str], wanted: list[str], workers: int,
               minutes: float = math.inf) -> Path:
    """Writes clips until there are `hours` of them, or `minutes` are over; returns the manifest."""
    began = time.monotonic()
    if not 0 < hours <= 10_000:
        raise ModelError(f"hours is {hours}: write a positive number")
    voices, passages = find_voices(wanted), read_passages(texts, without, seed)
    claim(out, settings(seed, voices, passages))
    clips: list[TrainingClip] = []
    total = 0.0
    with ThreadPoolExecutor(workers) as pool:
        block = 8 * workers
        for start in range(0, len(passages), block):
            places = range(start, min(start + block, len(passages)))
            for clip in pool.map(lambda place: make_clip(out, place, passages[place], voices, seed), places):
                if clip is None:
                    continue
                if total < 3600 * hours:
                    clips.append(clip)
                    total += clip.seconds
                else:  # made beside the last one
                    (out / clip.file).unlink()
            print(f"{len(clips)} clips, {total / 3600:.2f} of {hours} h", flush=True)
            if total >= 3600 * hours or (clips and time.monotonic() - began > 60 * minutes):
                break
        else:
            raise ModelError(f"the texts are enough for {total / 3600:.1f} h only, not {hours}: give more with --text, or fewer --hours")
    path = out / MANIFEST
    temporary = out / f".{MANIFEST}.{os.getpid()}"
    temporary.write_text("".join(map(format_clip, clips)), "utf8")
    temporary.replace(path)
    return path


def settings(seed: int, voices: list[Voice], passages: list[str]) -> dict:
    """What decides each clip, so that a folder never holds clips of two kinds."""
    return {"format": FORMAT, "seed": seed, "passages": sha256("\n".join(passages).encode()).hexdigest(),
            "voices": sha256("\n".join(f"{voice.synthesizer}/{voice.name}" for voice in voices).encode()).hexdigest(),
            "synthesizers": sorted({voice.synthesizer for voice in voices})}


def claim(out: Path, wanted: dict) -> None:
    """Raises ModelError where `out` holds something else."""
    path = out / "settings.json"
    if path.is_file():
        try:
            found = json.loads(path.read_text("utf8"))
        except ValueError:
            found = None
        if found != wanted:
            raise ModelError(f"{out} holds speech of other settings ({found}, now {wanted}): give another --out, or remove it")
    elif out.is_dir() and any(out.iterdir()):
        raise ModelError(f"{out} holds other files: give a folder that is empty or not there")
    else:
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted) + "\n", "utf8")


def make_clip(out: Path, place: int, text: str, voices: list[Voice], seed: int) -> TrainingClip | None:
    """Clip number `place`: all its chances come from the seed and its number. None where it is too long to be heard at once, or cannot be spoken."""
    name = f"synthetic-{seed}-{place:06}.wav"
    path = out / name
    if not path.is_file():
        generator = np.random.default_rng([seed, 1, place])
        shares = np.array([voice.share for voice in voices])
        voice = voices[generator.choice(len(voices), p=shares / shares.sum())]
        try:
            spoken = voice.speak(text, float(generator.uniform(0.88, 1.2)), float(generator.uniform(0.8, 1.25)))
        except Unspoken as error:
            print(f"{name} is left out: {error}", flush=True)
            return None
        if len(spoken) < RATE // 5 or not np.abs(spoken).max() > 0.01:
            return None  # a synthesizer that said nothing
        samples = disturb(spoken, generator)
        if len(samples) > RATE * LONGEST_SECONDS:
            return None
        write_wav(path, samples)
    return TrainingClip(name, text, round(len(read_wav(path)) / RATE, 3), hash_file(path))
