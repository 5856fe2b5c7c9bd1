"""What graph_linear.py's kinds make of a layer, computed in floats, with gradients that pass straight through the rounding.

A network with it learns to live with its build: quantisation-aware training.
"""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from graph import kind_of
from graph_linear import block_size

KINDS = ("plain", "exact", "dynamic", "blocks8", "blocks4")


class StraightThrough(torch.autograd.Function):
    """Forward: what was rounded. Backward: as if it had not been."""

    @staticmethod
    def forward(context, value: Tensor, quantised: Tensor) -> Tensor:
        return quantised

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def straight_through(value: Tensor, quantised: Tensor) -> Tensor:
    return StraightThrough.apply(value, quantised)


@torch.no_grad()
def columns(weight: Tensor) -> Tensor:
    """(out, in), one scale per output: quantize_columns there and back."""
    scale = (weight.abs().amax(1, keepdim=True) / 127).clamp(min=1e-8)
    return (weight / scale).round().clamp(-127, 127) * scale


@torch.no_grad()
def blocks(weight: Tensor, bits: int) -> Tensor:
    """(out, in), one scale for each block of inputs: quantize_blocks there and back."""
    split = weight.unflatten(1, (-1, block_size(weight.shape[1], bits)))  # (out, in/block, block)
    extreme = split.gather(-1, split.abs().argmax(-1, keepdim=True))
    half = 2 ** (bits - 1)
    scale = (extreme / -half).half().float()
    scale = torch.where(scale == 0, 1e-4, scale)
    return ((split / scale).round().clamp(-half, half - 1) * scale).flatten(1)


@torch.no_grad()
def whole_row(x: Tensor, seen: Tensor | None) -> Tensor:
    """(B, …, in) → the same in 256 steps from each row's least to its greatest value, as DynamicQuantizeMatMul, which has
    one row of a batch at a time. `seen` (B, L) says which positions the row has."""
    inside = x if seen is None else torch.where(seen[..., None], x, 0.0)
    every = tuple(range(1, x.ndim))
    low, high = inside.amin(every, keepdim=True).clamp(max=0), inside.amax(every, keepdim=True).clamp(min=0)
    scale = ((high - low) / 255).clamp(min=1e-12)
    zero = (-low / scale).round()
    return ((x / scale).round() + zero).clamp(0, 255).sub(zero) * scale


@torch.no_grad()
def row_blocks(x: Tensor, bits: int) -> Tensor:
    """(…, in) → the same in int8 with one scale for each block of values, as MatMulNBits with accuracy level 4; `bits` are the weights'."""
    split = x.unflatten(-1, (-1, block_size(x.shape[-1], bits)))
    scale = split.abs().amax(-1, keepdim=True) / 127
    return ((split / scale.clamp(min=1e-12)).round() * scale).flatten(-2)


class FakeQuantize:
    """Replaces the two factors of a layer's product by what its kind keeps of them."""

    def __init__(self, kind: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind {kind}: choose one of {', '.join(KINDS)}")
        self.kind = kind

    def plain_for(self, inputs: int) -> bool:
        return self.kind in ("plain", "exact") or (self.kind.startswith("blocks") and not block_size(inputs, int(self.kind[-1])))

    def weight(self, weight: Tensor) -> Tensor:
        """(out, in) → (out, in)."""
        if self.plain_for(weight.shape[1]):
            return weight
        quantised = columns(weight) if self.kind == "dynamic" else blocks(weight, int(self.kind[-1]))
        return straight_through(weight, quantised)

    def input(self, x: Tensor, seen: Tensor | None) -> Tensor:
        """x (B, …, in), which has (B, L, in) where `seen` (B, L) is given."""
        if self.plain_for(x.shape[-1]):
            return x
        return straight_through(x, whole_row(x, seen) if self.kind == "dynamic" else row_blocks(x, int(self.kind[-1])))


def kind_by_layer(precision: str, plan: dict[str, str] | None = None) -> Callable[[str], str]:
    """The kind of each layer in a build of this precision and plan, by its key. Keys and values of cross-attention are made
    with the encoder."""
    halves = [kind_of(half, precision, plan) for half in (0, 1)]

    def kind(key: str) -> str:
        encoder = key.startswith("model.encoder.") or key.endswith(("encoder_attn.k_proj", "encoder_attn.v_proj"))
        chosen = halves[0 if encoder else 1]
        found = chosen(key) if callable(chosen) else chosen
        if key == "model.decoder.embed_tokens" and found not in ("plain", "exact"):
            return "blocks8"  # logits and embedding stay in 8 bits
        return found

    return kind


def quantize_network(network: torch.nn.Module, precision: str, plan: dict[str, str] | None = None) -> None:
    """From now on `network` computes what a graph of this precision will."""
    kind = kind_by_layer(precision, plan)
    for module in network.modules():
        if key := getattr(module, "key", None):
            module.fake = FakeQuantize(kind(key))
