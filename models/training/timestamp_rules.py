"""Whisper's timestamp rules on logits, as graph_choice.py draws them."""
from __future__ import annotations

import torch
from torch import Tensor

from graph_choice import FIRST_TIMESTAMP_LIMIT, FORBIDDEN
from weights import Tokens


def apply_timestamp_rules(logits: Tensor, chosen: Tensor, tokens: Tokens) -> Tensor:
    """logits (B, V) after the new tokens `chosen` (B, n) → logits where what the rules forbid is FORBIDDEN."""
    begin, count = tokens.timestamp_begin, chosen.shape[1]
    ids = torch.arange(logits.shape[1], device=logits.device)[None]
    is_timestamp, is_text = ids >= begin, ids < tokens.end_of_text
    if count == 0:
        forbidden = ~is_timestamp | (ids > begin + FIRST_TIMESTAMP_LIMIT)
        return logits.masked_fill(forbidden, FORBIDDEN)
    one = chosen[:, -1:] >= begin
    two = chosen[:, -2:-1] >= begin if count > 1 else torch.ones_like(one)
    last = torch.where(chosen >= begin, chosen, -1).amax(1, keepdim=True)
    lowest = torch.where(one & ~two, last, last + 1)
    forbidden = (one & two & is_timestamp) | (one & ~two & is_text) | ((last >= 0) & is_timestamp & (ids < lowest))
    logits = logits.masked_fill(forbidden, FORBIDDEN)
    # If timestamps together outweigh the best text token, take a timestamp
    total, best_text = logits[:, begin:].logsumexp(1, keepdim=True), logits[:, :begin].amax(1, keepdim=True)
    return logits.masked_fill((total > best_text) & ~is_timestamp, FORBIDDEN)
