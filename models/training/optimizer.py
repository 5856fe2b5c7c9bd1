"""What is trained how fast: parameter groups, the learning rate's way, and the type that sums are made in."""
from __future__ import annotations

import math

import torch
from torch import nn

from weights import ModelError


def schedule(step: int, warmup: int, done: float) -> float:
    """Share of the learning rate: up in a line, then down as a cosine to a hundredth. `done`: share of what comes after the
    warm-up."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, done))))


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict]:
    """Matrices decay; biases, norms and embeddings do not."""
    trained = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    if not trained:
        raise ModelError("every parameter is frozen: leave one part out of --freeze")
    decaying = [value for name, value in trained if value.ndim > 1 and ".embed_" not in name]
    others = [value for name, value in trained if value.ndim == 1 or ".embed_" in name]
    return [{"params": decaying, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def half_type(precision: str, device: torch.device) -> torch.dtype | None:
    if precision == "auto":
        precision = "fp32" if device.type == "cpu" else "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": None}[precision]
