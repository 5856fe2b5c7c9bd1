"""Mean and covariance of what goes into layers, over all positions of all calibration clips."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from compress.calibration import Passage
from compress.halves import RESIDUAL, Halves


@dataclass(frozen=True)
class Statistics:
    """Of the input x (channels) of one layer."""
    mean: np.ndarray  # (channels,) float64
    covariance: np.ndarray  # (channels, channels) float64

    @property
    def root_mean_square(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance) + self.mean**2)


def gather(halves: Halves, passages: list[Passage], keys: Collection[str]) -> tuple[dict[str, Statistics], dict[str, float]]:
    """Returns the statistics of the layers called `keys`, and for each layer that ends a block the root mean square of what
    it leaves in the residual stream. Holds 8 · channels² bytes a layer; layers of one input, as queries, keys and values,
    share them."""
    sums: dict[tuple[str, ...], list] = {}  # by the keys of layers that have one input
    shifts: dict[tuple[str, ...], np.ndarray] = {}
    squares: dict[str, list] = {}
    residuals = [key for half in (halves.encoder, halves.decoder) for key in half.seen if key.endswith(RESIDUAL)]
    for passage in passages:
        hidden, seen = halves.encode(passage, [*keys, *residuals])
        seen |= halves.decode(passage, hidden, [*keys, *residuals])[1]
        for x, sharing in by_input(seen, keys):
            # About the first clip's mean: else what hardly varies would drown in the square of its mean, in float32
            x = x - shifts.setdefault(sharing, x.mean(0, dtype=np.float64).astype(np.float32))
            add(sums, sharing, len(x), x.sum(0, dtype=np.float64), (x.T @ x).astype(np.float64))
        for key in residuals:
            add(squares, key, 1, np.square(seen[key]).mean(dtype=np.float64))
    found = {sharing: moments(*sums.pop(sharing), shifts[sharing]) for sharing in list(sums)}
    return ({key: statistics for sharing, statistics in found.items() for key in sharing},
            {key.removesuffix(RESIDUAL): float(np.sqrt(total / count)) for key, (count, total) in squares.items()})


def by_input(seen: dict[str, np.ndarray], keys: Collection[str]) -> list[tuple[np.ndarray, tuple[str, ...]]]:
    groups: dict[int, list[str]] = {}
    for key in keys:
        groups.setdefault(id(seen[key]), []).append(key)
    return [(seen[group[0]], tuple(group)) for group in groups.values()]


def add(sums: dict, key, *values) -> None:
    if key in sums:
        for place, value in enumerate(values):
            sums[key][place] += value
    else:
        sums[key] = list(values)


def moments(count: int, total: np.ndarray, products: np.ndarray, shift: np.ndarray) -> Statistics:
    """Of x + shift, from sums over x. Takes `products` for the covariance."""
    mean = total / count
    products /= count
    products -= np.outer(mean, mean)
    return Statistics(mean + shift, products)
