"""The audio of clips as a batch: read from files each time, or kept in memory."""
from __future__ import annotations

import hashlib
import tempfile
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
    """16-bit samples of many clips, end to end in memory: 115 MB for each hour."""

    def __init__(self, paths: Sequence[Path], cache: Path | None = None, workers: int = 8) -> None:
        """`cache`: a folder where they are kept as one file, which all trainings on the same clips map into their memory."""
        self.places = {path: place for place, path in enumerate(paths)}
        kept = cache_folder(paths, cache) if cache else None
        if kept is None or not kept.is_dir():
            with ThreadPoolExecutor(workers) as readers:
                clips = list(readers.map(read_halves, paths))
            self.counts, self.samples = np.array([len(clip) for clip in clips]), np.concatenate(clips)
            if kept:
                save(kept, self.counts, self.samples)
        if kept:
            self.counts, self.samples = np.load(kept / "counts.npy"), np.load(kept / "samples.npy", mmap_mode="r")
        self.starts = np.cumsum(self.counts) - self.counts

    def lengths(self, paths: Sequence[Path]) -> list[int]:
        return [int(self.counts[self.places[path]]) for path in paths]

    def rows(self, paths: Sequence[Path], columns: int, device: torch.device) -> Tensor:
        """(B, columns) float32 on `device`, zeros after each clip."""
        rows = torch.zeros(len(paths), columns, dtype=torch.int16, pin_memory=device.type == "cuda")
        for row, path in zip(rows.numpy(), paths, strict=True):
            place = self.places[path]
            row[: self.counts[place]] = self.samples[self.starts[place] : self.starts[place] + self.counts[place]]
        return rows.to(device, non_blocking=True).float() / 32768


def hear(paths: Sequence[Path], audio_context: int, whole: bool, resident: Resident | None = None,
         device: torch.device = torch.device("cpu")) -> tuple[Tensor, Context, Tensor]:
    """(pcm (B, L · 320), context, samples (B)) of clips, padded to the longest. `whole` gives each 30 s. With `resident`, pcm
    is on `device` already."""
    if resident:
        aligned = ALIGNED if device.type == "cuda" else 1
        context = plan_context(resident.lengths(paths), audio_context, whole, aligned)
        return resident.rows(paths, FRAME * context.seen.shape[1], device), context, torch.tensor(resident.lengths(paths))
    clips = [read_audio(path) for path in paths]
    context = plan_context([len(clip) for clip in clips], audio_context, whole)
    pcm = torch.zeros(len(clips), FRAME * context.seen.shape[1])
    for row, clip in zip(pcm, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    return pcm, context, torch.tensor([len(clip) for clip in clips])


def read_halves(path: Path) -> np.ndarray:
    return np.clip(np.rint(read_audio(path) * 32768), -32768, 32767).astype("<i2")


def cache_folder(paths: Sequence[Path], cache: Path) -> Path:
    """Named by what it holds: files, their sizes and their dates."""
    told = "\n".join(f"{path.absolute()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)
    return cache / f"audio-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def save(kept: Path, counts: np.ndarray, samples: np.ndarray) -> None:
    """Whole, or not at all where another process was first."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".building-") as building:
        new = Path(building) / "new"
        new.mkdir()
        np.save(new / "counts.npy", counts)
        np.save(new / "samples.npy", samples)
        try:
            new.rename(kept)
        except OSError:
            if not kept.is_dir():
                raise
