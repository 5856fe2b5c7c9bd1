"""Which encoder positions the clips of a batch keep, as the engine chooses them (layers/whisper/context.ts, GRAPH.md)."""
from __future__ import annotations

import math
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


def kept_positions(samples: int, audio_context: int, whole: bool) -> tuple[list[int], int]:
    """Positions of one clip, and how many of them stand for themselves alone. `whole` keeps all 30 s."""
    kept = min(math.ceil(samples / FRAME), audio_context) + SILENCE_AFTER
    if whole or kept + SILENCE_STRIDE // 2 >= audio_context:
        return list(range(audio_context)), audio_context
    return [*range(kept), *range(kept + SILENCE_STRIDE // 2, audio_context, SILENCE_STRIDE)], kept


def plan_context(samples: list[int], audio_context: int, whole: bool = False) -> Context:
    """The context of clips with so many samples, padded to the longest."""
    rows = [kept_positions(count, audio_context, whole) for count in samples]
    longest = max(len(positions) for positions, _ in rows)
    positions = torch.zeros(len(rows), longest, dtype=torch.int64)
    score_bias = torch.full((len(rows), longest), HIDDEN)
    seen = torch.zeros(len(rows), longest, dtype=torch.bool)
    for row, (kept, alone) in enumerate(rows):
        positions[row, : len(kept)] = torch.tensor(kept)
        score_bias[row, :alone], score_bias[row, alone : len(kept)] = 0.0, math.log(SILENCE_STRIDE)
        seen[row, : len(kept)] = True
    return Context(positions, score_bias[:, None, None], seen)
