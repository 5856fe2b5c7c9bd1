"""Packs folders of short recordings for the GPU machine: joined to clips of 1 to 28 s, then Opus.

  PYTHONPATH=models python pack_recordings.py LIBOPUS OUT [--seconds 3600] NAME=FOLDER:BITS_PER_SECOND …

OUT gets NAME.clips for each folder. Short recordings of a folder follow each other in order of their names, with pauses between
them, as far as a length drawn by chance; each clip says of which it was made. Needs ffmpeg.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hash_file import hash_file
from opus_file import RATE, encode, load, write_clip

SHORTEST, LONGEST, USUAL = 0.4, 27.5, 7.0  # seconds of a clip; the median that is aimed at
SPREAD = 0.7  # of its logarithm
PAUSE = (0.15, 0.7)  # seconds


def read(path: Path) -> np.ndarray:
    """(samples,) float32, without constant offset, at most half of full scale."""
    raw = ["-f", "g722"] if path.suffix == ".g722" else []
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *raw, "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"],
                          capture_output=True)
    samples = np.frombuffer(done.stdout, "<f4").copy()
    if not len(samples):
        return samples
    samples -= samples.mean()
    return samples / max(1.0, 2 * np.abs(samples).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", nargs="+", metavar="NAME=FOLDER:BITS")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of each folder at most")
    options = parser.parse_args()
    opus = load(options.library)
    options.out.mkdir(parents=True, exist_ok=True)
    for each in options.folders:
        name, _, rest = each.partition("=")
        folder, _, bits = rest.rpartition(":")
        paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        random, clip, joined, length, place, total = np.random.default_rng(1), [], [], 0, 0, 0
        with open(options.out / f"{name}.clips", "wb") as file, ThreadPoolExecutor(2) as readers:
            wanted = draw(random)

            def finish() -> None:
                nonlocal clip, joined, length, place, total
                if length >= SHORTEST * RATE:
                    samples = np.concatenate(clip)[: int(LONGEST * RATE)]
                    write_clip(file, f"{name}-{place:05}.wav", len(samples), encode(opus, samples, int(bits)), joined)
                    total += len(samples)
                    place += 1
                clip, joined, length = [], [], 0

            for path, samples in zip(paths, readers.map(read, paths), strict=True):
                if len(samples) < 0.2 * RATE or np.abs(samples).max() < 0.01:
                    continue
                if clip and length + len(samples) > wanted * RATE:
                    finish()
                    wanted = draw(random)
                    if total > options.seconds * RATE:
                        break
                if clip:
                    pause = np.zeros(int(RATE * random.uniform(*PAUSE)), np.float32)
                    clip.append(pause)
                    length += len(pause)
                clip.append(samples)
                joined.append((path.name, hash_file(path)))
                length += len(samples)
            finish()
        print(f"{name}: {place} clips, {total / RATE / 3600:.2f} h, {(options.out / f'{name}.clips').stat().st_size / 1e6:.1f} MB", flush=True)
    return 0


def draw(random: np.random.Generator) -> float:
    return min(LONGEST, USUAL * float(np.exp(SPREAD * random.standard_normal())))


if __name__ == "__main__":
    sys.exit(main())
