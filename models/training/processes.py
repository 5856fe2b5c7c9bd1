"""The processes of one training: one by itself, or as many as torchrun started."""
from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from weights import ModelError

Value = TypeVar("Value")
PATIENCE = timedelta(hours=2)  # the first process labels and saves while others wait


@dataclass(frozen=True)
class Processes:
    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def gather(self, value: Value) -> list[Value]:
        """What each process has, in order of rank, to all of them."""
        if self.count == 1:
            return [value]
        values: list = [None] * self.count
        distributed.all_gather_object(values, value)
        return values

    def sum(self, values: dict[str, float]) -> dict[str, float]:
        """Sums over all processes."""
        if self.count == 1:
            return values
        total = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return dict(zip(values, total.tolist(), strict=True))

    def of_first(self, value: float) -> float:
        """The first process's, to all of them."""
        return self.sum({"value": value if self.first else 0.0})["value"]

    def any(self, value: bool) -> bool:
        return self.sum({"any": float(value)})["any"] > 0


def join_processes(device: str | None = None) -> Processes:
    """Reads torchrun's environment. `device` is cpu or cuda; by default cuda where there is one."""
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ModelError("no GPU is visible to PyTorch: give --device cpu, or check nvidia-smi")
    count, rank, local = (int(os.environ.get(name, default)) for name, default in
                          (("WORLD_SIZE", 1), ("RANK", 0), ("LOCAL_RANK", 0)))
    chosen = torch.device(kind, local) if kind == "cuda" else torch.device(kind)
    if kind == "cuda":
        torch.cuda.set_device(chosen)
    if count > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if kind == "cuda" else "gloo", timeout=PATIENCE)
    return Processes(rank, count, chosen)


def leave_processes() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()
