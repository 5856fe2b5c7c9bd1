"""A folder of people's recordings becomes clips of at most 30 s to learn from, without a text."""
from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from hash_file import hash_file
from speech.synthetic import MANIFEST
from speech.voice import WINDOW, voice_probabilities
from speech.wav_file import RATE, write_wav
from training_manifest import TrainingClip, format_clip
from weights import ModelError

SUFFIXES = ".aac .flac .m4a .mka .mkv .mov .mp3 .mp4 .mpeg .mpga .oga .ogg .opus .wav .webm .wma".split()  # as cdk/config.ts
LONGEST, SHORTEST = 28 * RATE, 12 * RATE  # samples: a cut is looked for between the two
SPOKEN = 0.5  # probability from which a window counts as speech
LEAST_SPEECH_SECONDS = 0.5  # a clip with less is left out: silence teaches to invent
MARGIN = round(0.4 * RATE)  # of silence that a clip keeps before and after its speech


def cut_recordings(folder: Path, out: Path) -> Path:
    """Writes clips and their manifest to `out`; returns the manifest. A recording that is there twice is taken once."""
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder: give one of recordings with --from")
    recordings = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and out.resolve() not in path.resolve().parents)
    if not recordings:
        raise ModelError(f"{folder} has no recording: put files there that end in {' '.join(SUFFIXES)}")
    out.mkdir(parents=True, exist_ok=True)
    clips: list[TrainingClip] = []
    seen: set[str] = set()
    for path in recordings:
        sha256 = hash_file(path)
        if sha256 in seen:
            continue
        seen.add(sha256)
        samples = read_recording(path)
        before = len(clips)
        for start, end in find_clips(voice_probabilities(samples), len(samples)):
            name = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', path.stem)}-{sha256[:8]}-{start * 1000 // RATE:08}.wav"
            if not (out / name).is_file():
                write_wav(out / name, samples[start:end])
            clips.append(TrainingClip(name, None, round((end - start) / RATE, 3), hash_file(out / name), path.name, sha256))
        kept = sum(clip.seconds for clip in clips[before:])
        print(f"{path.name}: {len(clips) - before} clips, {kept:.0f} of {len(samples) / RATE:.0f} s", flush=True)
    if not clips:
        raise ModelError(f"nobody speaks in the recordings of {folder}: give speech")
    temporary = out / f".{MANIFEST}.{os.getpid()}"
    temporary.write_text("".join(map(format_clip, clips)), "utf8")
    temporary.replace(out / MANIFEST)
    return out / MANIFEST


def read_recording(path: Path) -> np.ndarray:
    """(samples,) float32 at 16 kHz, channels mixed; decoded by PyAV, which brings FFmpeg's libraries."""
    from faster_whisper.audio import decode_audio

    try:
        return decode_audio(str(path), sampling_rate=RATE)
    except Exception as error:  # PyAV's errors have no common class
        raise ModelError(f"{path} cannot be decoded ({error}): give a recording that plays, or take it away") from error


def find_clips(probabilities: np.ndarray, size: int) -> list[tuple[int, int]]:
    """(start, end) in samples of the clips of a recording of `size` samples.

    Cuts lie where speech is least likely, so nothing is lost at a cut; silence is taken off a clip's ends, not out of it."""
    if not len(probabilities):
        return []
    wide = np.convolve(probabilities, np.ones(5) / 5, "same")  # 160 ms: not inside a word
    cuts = [0]
    while size - cuts[-1] > LONGEST:
        first, last = ((cuts[-1] + length) // WINDOW for length in (SHORTEST, LONGEST))
        choice = wide[first:last]
        cuts.append((last - 1 - int(choice[::-1].argmin())) * WINDOW + WINDOW // 2)  # of equals the latest
    clips = []
    for start, end in zip(cuts, [*cuts[1:], size]):
        spoken = np.flatnonzero(probabilities[start // WINDOW:-(-end // WINDOW)] >= SPOKEN)
        if len(spoken) * WINDOW < LEAST_SPEECH_SECONDS * RATE:
            continue
        first, last = start // WINDOW + spoken[0], start // WINDOW + spoken[-1] + 1
        clips.append((max(start, int(first) * WINDOW - MARGIN), min(end, int(last) * WINDOW + MARGIN)))
    return clips
