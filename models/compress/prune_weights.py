"""Structured pruning: heads and feed-forward channels go for real, and the layers that read them are refitted."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compress.blocks import Block, find_blocks, layer_parameters
from compress.calibration import Passage
from compress.halves import open_halves
from compress.ranking import Unit, choose, find_units, head_of
from compress.reconstruct import Refit, reconstruct
from compress.statistics import gather
from edit_weights import with_tensors
from weights import WhisperWeights


def prune_weights(weights: WhisperWeights, passages: list[Passage], share: float, floor: float = 0.25, refit: bool = True,
                  note: Callable[[str], None] = lambda _: None) -> tuple[WhisperWeights, dict]:
    """Removes `share` (0 to 1) of the parameters of the transformer layers. Returns the weights and what was done, as JSON
    has it. Raises ModelError where so much cannot go."""
    before = layer_parameters(weights)
    blocks = find_blocks(weights)
    note(f"listening to {len(passages)} clips")
    seen, residuals = gather(open_halves(weights), passages, [block.reader for block in blocks])
    units = find_units(weights, blocks, seen, residuals)
    removed = choose(units, round(share * before), floor, weights.alignment_heads)
    changed: dict[str, np.ndarray] = {}
    refits: list[Refit] = []
    for block in blocks:
        if gone := removed.get(block.name):
            kept = np.setdiff1d(np.arange(block.channels), np.concatenate([unit.channels for unit in gone]))
            weight, bias = weights.tensor(block.reader + ".weight"), weights.tensor(block.reader + ".bias")
            refits.append(reconstruct(weight, bias, seen[block.reader], kept))
            changed |= narrow(weights, block, kept, refits[-1] if refit else None)
    heads = kept_alignment_heads(weights.alignment_heads, removed)
    pruned = with_tensors(weights, changed, alignment_heads=heads)
    after = layer_parameters(pruned)
    gone = [unit for each in removed.values() for unit in each]
    mean = lambda errors: round(float(np.mean(errors)), 4) if refits else 0.0
    return pruned, {
        "share": share, "floor": floor, "refitted": refit, "layerParametersBefore": before, "layerParameters": after,
        "headsRemoved": sum(unit.block.is_attention for unit in gone),
        "channelsRemoved": sum(len(unit.channels) for unit in gone if not unit.block.is_attention),
        "alignmentHeads": len(heads), "outputErrorWithoutRefit": mean([each.error_before for each in refits]),
        "outputError": mean([each.error if refit else each.error_before for each in refits])}


def narrow(weights: WhisperWeights, block: Block, kept: np.ndarray, refit: Refit | None) -> dict[str, np.ndarray]:
    """The tensors of a block of which only the channels `kept` stay."""
    changed = {}
    for key in block.writers:
        changed[key + ".weight"] = weights.tensor(key + ".weight")[kept]
        if weights.has(key + ".bias"):
            changed[key + ".bias"] = weights.tensor(key + ".bias")[kept]
    if refit:
        return changed | {block.reader + ".weight": refit.weight, block.reader + ".bias": refit.bias}
    return changed | {block.reader + ".weight": weights.tensor(block.reader + ".weight")[:, kept]}


def kept_alignment_heads(heads: list[tuple[int, int]], removed: dict[str, list[Unit]]) -> list[tuple[int, int]]:
    """Those that stay, under the numbers that they have now."""
    gone = {head_of(unit) for units in removed.values() for unit in units} - {None}
    return [(layer, head - sum((layer, lower) in gone for lower in range(head))) for layer, head in heads if (layer, head) not in gone]
