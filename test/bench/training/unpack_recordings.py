"""Makes clips of what pack_recordings.py packed: each as it is and once at another speed, and some of noise alone.

  PYTHONPATH=models python unpack_recordings.py LIBOPUS FOLDER_OF_CLIPS OUT [--limit N]

OUT gets WAV files and train.jsonl, without texts: the teacher writes them. The same clips come out each time.
"""
from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from hash_file import hash_file
from opus_file import decode, load, read_clips
from speech.effects import add_noise
from speech.wav_file import RATE, resample, write_wav
from training_manifest import Recordings, TrainingClip, format_clip

NOISE = 0.03  # for each clip
SPEEDS = (0.87, 0.94, 1.07, 1.15)  # of the second one, with its pitch
LONGEST = 29.5  # seconds

opus = None


def start(library: str) -> None:
    global opus
    opus = load(library)


def write(task: tuple[Path, str, int, list[bytes], Recordings, int]) -> list[TrainingClip]:
    out, name, count, packets, joined, place = task
    samples = decode(opus, packets, count).astype(np.float32) / 32768
    random = np.random.default_rng(place)
    varied = resample(samples, 1 / random.choice(SPEEDS))
    made = [told(out, name, samples, joined)]
    if len(varied) < LONGEST * RATE:
        made.append(told(out, name.replace(".wav", "-varied.wav"), varied, joined))
    return made


def write_noise(task: tuple[Path, int]) -> TrainingClip:
    out, place = task
    random = np.random.default_rng([7, place])
    hum = np.full(round(RATE * random.uniform(1.5, 15)), 1e-4, np.float32)
    noise = add_noise(hum, -40, random.uniform(0, 2), random)
    return told(out, f"noise-{place:04}.wav", noise / np.abs(noise).max() * 10 ** (random.uniform(-45, -8) / 20))


def told(out: Path, name: str, samples: np.ndarray, joined: Recordings = ()) -> TrainingClip:
    write_wav(out / name, samples)
    return TrainingClip(name, None, round(len(samples) / RATE, 3), hash_file(out / name), joined=joined)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--limit", type=int, help="of each pack")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tasks = []
    for path in sorted(options.clips.glob("*.clips")):
        tasks += [(options.out, *clip, len(tasks)) for clip in list(read_clips(path))[: options.limit]]
    with Pool(options.workers, start, (options.library,)) as pool:
        found = [clip for made in pool.imap(write, tasks, 8) for clip in made]
        found += pool.map(write_noise, [(options.out, place) for place in range(max(1, int(NOISE * len(found))))])
    (options.out / "train.jsonl").write_text("".join(map(format_clip, found)), "utf8")
    print(f"{len(found)} clips, {sum(clip.seconds for clip in found) / 3600:.2f} h")
    return 0


if __name__ == "__main__":
    sys.exit(main())
