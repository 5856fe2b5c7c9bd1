"""The audio of clips as a batch: read from files each time, or kept in the memory of the device."""
from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from graph_encoder import FRAME
from training.context import Context, plan_context
from training.read_audio import read_audio

ALIGNED = 8  # positions: fused attention takes a mask as it is where rows begin on 16 bytes; else it copies it for every head


class Resident:
    """16-bit samples of many clips, end to end in the memory of a device: 115 MB for each hour."""

    def __init__(self, paths: Sequence[Path], device: torch.device, cache: Path | None = None, workers: int = 8) -> None:
        """`cache`: a folder where they are kept as one file, which other trainings on the same clips take."""
        self.places = {path: place for place, path in enumerate(paths)}
        found = load_cached(paths, cache) if cache else None
        if found is None:
            with ThreadPoolExecutor(workers) as readers:
                clips = list(readers.map(read_halves, paths))
            counts, samples = np.array([len(clip) for clip in clips]), np.concatenate(clips)
            if cache:
                save_cached(paths, cache, counts, samples)
        else:
            counts, samples = found
        self.counts = counts
        self.starts = torch.from_numpy(np.cumsum(counts) - counts).to(device)
        self.samples = torch.from_numpy(samples).to(device)

    def lengths(self, paths: Sequence[Path]) -> list[int]:
        return [int(self.counts[self.places[path]]) for path in paths]

    def rows(self, paths: Sequence[Path], columns: int) -> Tensor:
        """(B, columns) float32, zeros after each clip."""
        device = self.samples.device
        chosen = torch.tensor([self.places[path] for path in paths]).to(device)
        lengths = torch.tensor(self.lengths(paths)).to(device)[:, None]
        column = torch.arange(columns, device=device)[None]
        at = (self.starts[chosen][:, None] + column).clamp(max=len(self.samples) - 1)
        return torch.where(column < lengths, self.samples[at].float() / 32768, 0.0)


def hear(paths: Sequence[Path], audio_context: int, whole: bool, resident: Resident | None = None) -> tuple[Tensor, Context, Tensor]:
    """(pcm (B, L · 320), context, samples (B)) of clips, padded to the longest. `whole` gives each 30 s."""
    if resident:
        aligned = ALIGNED if resident.samples.is_cuda else 1
        context = plan_context(resident.lengths(paths), audio_context, whole, aligned)
        return resident.rows(paths, FRAME * context.seen.shape[1]), context, torch.tensor(resident.lengths(paths))
    clips = [read_audio(path) for path in paths]
    context = plan_context([len(clip) for clip in clips], audio_context, whole)
    pcm = torch.zeros(len(clips), FRAME * context.seen.shape[1])
    for row, clip in zip(pcm, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    return pcm, context, torch.tensor([len(clip) for clip in clips])


def read_halves(path: Path) -> np.ndarray:
    return np.clip(np.rint(read_audio(path) * 32768), -32768, 32767).astype("<i2")


def cache_file(paths: Sequence[Path], cache: Path) -> Path:
    """Named by what it holds: files, their sizes and their dates."""
    told = "\n".join(f"{path.absolute()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)
    return cache / f"audio-{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"


def load_cached(paths: Sequence[Path], cache: Path) -> tuple[np.ndarray, np.ndarray] | None:
    path = cache_file(paths, cache)
    if not path.is_file():
        return None
    with np.load(path) as file:
        return file["counts"], file["samples"]


def save_cached(paths: Sequence[Path], cache: Path, counts: np.ndarray, samples: np.ndarray) -> None:
    path = cache_file(paths, cache)
    cache.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(new, "wb") as file:
        np.savez(file, counts=counts, samples=samples)
    new.replace(path)
