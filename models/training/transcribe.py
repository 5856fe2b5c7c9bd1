"""Greedy transcripts of a batch by the network, as the engine's graph makes them."""
from __future__ import annotations

import torch
from torch import Tensor

from run_graph import NEVER, forbidden, prompt_of, token_limit
from training.context import Context
from training.network import Whisper
from training.timestamp_rules import apply_timestamp_rules
from weights import WhisperWeights


@torch.inference_mode()
def transcribe(network: Whisper, weights: WhisperWeights, pcm: Tensor, context: Context, language: str,
               timed: bool, limit: int | None = None) -> list[list[int]]:
    """pcm (B, L · 320) → new tokens of each row, without the end token. A row that finds no end within `limit`
    tokens, or those that the model has room for, is cut there."""
    prompt, end = prompt_of(weights, language, timed), weights.tokens.end_of_text
    never = torch.zeros(weights.dimensions.vocabulary, device=pcm.device)
    never[forbidden(weights, timed)] = NEVER
    at_begin = never.clone()
    at_begin[weights.suppress_at_begin] = NEVER
    audio = network.decoder.read(network.encoder(pcm, context)[0], context)
    ids, past = torch.tensor([prompt] * len(pcm), device=pcm.device), None
    chosen = ids[:, :0]
    for step in range(min(limit or token_limit(weights), token_limit(weights))):
        hidden, _, past = network.decoder(ids, audio, context, past)
        logits = network.decoder.embed_tokens.logits(hidden[:, -1]) + (never if step else at_begin)  # (B, V)
        if timed:
            logits = apply_timestamp_rules(logits, chosen, weights.tokens)
        ids = logits.argmax(-1, keepdim=True)
        if step:
            ids = torch.where((chosen == end).any(1, keepdim=True), end, ids)
        chosen = torch.cat([chosen, ids], dim=1)
        if (chosen == end).any(1).all():
            break
    return [[token for token in row if token != end] for row in chosen.tolist()]
