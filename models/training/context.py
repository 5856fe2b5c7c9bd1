"""Which encoder positions the clips of a batch keep, as the engine chooses them (layers/whisper/context.ts, GRAPH.md)."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graph_encoder import FRAME, HIDDEN

SILENCE_AFTER, SILENCE_STRIDE = 50, 16  # positions; as context.ts


@dataclass(frozen=True)
class Context:
    positions: Tensor  # int64 (B, L): the place of each position in 30 s
    score_bias: Tensor  # float32 (B, 1, 1, L): ln of the positions that one stands for; HIDDEN where the row has ended
    seen: Tensor  # bool (B, L): positions that the row has

    def to(self, device: torch.device) -> Context:
        return Context(*(value.to(device, non_blocking=True) for value in (self.positions, self.score_bias, self.seen)))


def plan_context(samples: Sequence[int], audio_context: int, whole: bool = False, multiple: int = 1) -> Context:
    """The context of clips with so many samples, padded to the longest, and that to a `multiple`. `whole` keeps all 30 s."""
    kept = (-(-torch.tensor(samples)[:, None] // FRAME)).clamp(max=audio_context) + SILENCE_AFTER  # (B, 1)
    full = (kept + SILENCE_STRIDE // 2 >= audio_context) | whole
    kept = torch.where(full, audio_context, kept)
    tail = -((kept + SILENCE_STRIDE // 2 - audio_context) // SILENCE_STRIDE)
    count = torch.where(full, kept, kept + tail)
    longest = -(-int(count.max()) // multiple) * multiple
    place = torch.arange(longest)[None]
    positions = torch.where(place < kept, place, kept + SILENCE_STRIDE // 2 + SILENCE_STRIDE * (place - kept))
    seen = place < count  # (B, L)
    score_bias = torch.where(place < kept, 0.0, math.log(SILENCE_STRIDE)).masked_fill(~seen, HIDDEN)
    return Context(torch.where(seen, positions, 0), score_bias[:, None, None], seen)
