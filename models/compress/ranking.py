"""Which heads and channels matter least, over all layers."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compress.blocks import Block
from compress.statistics import Statistics
from weights import ModelError, WhisperWeights


@dataclass(frozen=True)
class Unit:
    """One head, or one group of feed-forward channels: it goes as a whole or stays."""
    block: Block
    channels: np.ndarray  # places between writers and reader
    importance: float
    parameters: int  # that go with it


def find_units(weights: WhisperWeights, blocks: list[Block], seen: Mapping[str, Statistics],
               residuals: Mapping[str, float]) -> list[Unit]:
    """All units, by importance for each parameter, the least first. The importance of a channel is the L1 norm of the weights
    that read it times the root mean square of what it carries, relative to the stream that the block adds to. Relative to the
    block's own sum as well, tiny.en without 20 % had a word error of 31.0 instead of 17.1 (without 35 %: 38.1 and 37.6)."""
    units = []
    for block in blocks:
        reader = weights.tensor(block.reader + ".weight")  # (width, channels)
        scores = np.abs(reader).sum(0) * seen[block.reader].root_mean_square / residuals[block.reader]
        order = np.arange(block.channels) if block.is_attention else np.argsort(scores, kind="stable")
        per_channel = len(reader) + sum(len(weights.tensor(key + ".weight")[0]) + weights.has(key + ".bias") for key in block.writers)
        for start in range(0, block.channels, block.group):
            channels = np.sort(order[start : start + block.group])
            units.append(Unit(block, channels, float(scores[channels].sum()), per_channel * len(channels)))
    return sorted(units, key=lambda unit: unit.importance / unit.parameters)


def choose(units: list[Unit], parameters: int, floor: float, alignment_heads: list[tuple[int, int]]) -> dict[str, list[Unit]]:
    """Units to remove, by the name of their block: the least important ones until at least `parameters` go. Each block keeps
    `floor` (0 to 1) of its units and at least one; one alignment head stays, for without any there are no word times. Raises
    ModelError where so many cannot go."""
    total: dict[str, int] = {}
    for unit in units:
        total[unit.block.name] = total.get(unit.block.name, 0) + 1
    removed: dict[str, list[Unit]] = {}
    aligned = set(alignment_heads)
    freed = 0
    for unit in units:
        if freed >= parameters:
            break
        name = unit.block.name
        others = removed.get(name, [])
        heads = aligned - {head_of(unit)}
        if total[name] - len(others) <= max(1, math.ceil(floor * total[name])) or (aligned and not heads):
            continue
        removed[name], aligned = [*others, unit], heads
        freed += unit.parameters
    if freed < parameters:
        share = freed / max(1, sum(unit.parameters for unit in units))
        raise ModelError(f"{parameters} parameters cannot go: with a floor of {floor} at most {freed} can, {share:.0%} of what "
                         "heads and channels have; ask for a smaller --share or a lower --floor")
    return removed


def head_of(unit: Unit) -> tuple[int, int] | None:
    """(decoder layer, head) of a unit of cross-attention."""
    if not unit.block.name.endswith("encoder_attn"):
        return None
    return int(unit.block.name.split(".")[3]), int(unit.channels[0]) // unit.block.group
