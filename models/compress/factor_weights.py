"""Low-rank factors for the encoder's linear layers, as LiteASR chooses them: the directions in which a layer's output moves on
calibration audio, not those in which its weight is large."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compress.calibration import Passage
from compress.halves import open_halves
from compress.statistics import Statistics, gather
from edit_weights import with_tensors
from weights import ModelError, WhisperWeights

STEP = 32  # ranks are multiples of it, so that blocks of int8 and int4 stay full


@dataclass(frozen=True)
class Directions:
    """The output y = Wx + b of one layer, by principal component."""
    key: str
    outputs: int
    inputs: int
    vectors: np.ndarray  # (out, largest rank) float32, columns by variance, the largest first
    explained: np.ndarray  # (n + 1,) share of the variance that the first n components hold
    mean: np.ndarray  # (in,) of x

    @property
    def largest_rank(self) -> int:
        """The largest rank at which the factors are smaller, and the product cheaper, than the layer: 0 if there is none."""
        return largest_rank(self.outputs, self.inputs)

    def saved(self, rank: int) -> int:
        return self.outputs * self.inputs - rank * (self.outputs + self.inputs)


def largest_rank(outputs: int, inputs: int) -> int:
    rank = (outputs * inputs - 1) // (outputs + inputs)
    return rank - rank % STEP


def factor_weights(weights: WhisperWeights, passages: list[Passage], share: float | None, variance: float | None,
                   note: Callable[[str], None] = lambda _: None) -> tuple[WhisperWeights, dict]:
    """Factors the encoder's layers so that either `share` of their parameters goes, or each keeps at least `variance` of its
    output (both 0 to 1). Returns the weights and what was done. Raises ModelError where so much cannot go."""
    keys = encoder_keys(weights)
    note(f"listening to {len(passages)} clips")
    seen, _ = gather(open_halves(weights), passages, keys)
    layers = [directions(key, weights, seen.pop(key)) for key in keys]  # covariances go as they have been used
    before = sum(layer.outputs * layer.inputs for layer in layers)
    ranks = ranks_for_variance(layers, variance) if share is None else ranks_for_share(layers, round(share * before))
    changed, removed = {}, []
    for layer in layers:
        if rank := ranks.get(layer.key):
            changed |= factors(weights, layer, rank)
            removed.append(layer.key + ".weight")
    saved = sum(layer.saved(ranks[layer.key]) for layer in layers if layer.key in ranks)
    kept = [layer.explained[ranks[layer.key]] if layer.key in ranks else 1.0 for layer in layers]
    return with_tensors(weights, changed, removed), {
        "share": share if share is not None else round(saved / before, 4), "layersFactored": len(ranks), "layers": len(layers),
        "encoderParametersBefore": before, "encoderParameters": before - saved,
        "varianceKept": round(float(np.mean(kept)), 4), "leastVarianceKept": round(float(min(kept)), 4)}


def encoder_keys(weights: WhisperWeights) -> list[str]:
    """The linear layers of the encoder that are whole."""
    names = [*(f"self_attn.{name}_proj" for name in ("q", "k", "v", "out")), "fc1", "fc2"]
    keys = [f"model.encoder.layers.{index}.{name}" for index in range(weights.dimensions.encoder_layers) for name in names]
    if not (whole := [key for key in keys if weights.has(key + ".weight")]):
        raise ModelError(f"all layers of the encoder of {weights.source.name} are factored already: start from whole ones")
    return whole


def directions(key: str, weights: WhisperWeights, seen: Statistics) -> Directions:
    weight = weights.tensor(key + ".weight").astype(np.float64)
    outputs, inputs = weight.shape
    if outputs <= inputs:
        values, vectors = np.linalg.eigh(weight @ seen.covariance @ weight.T)
    else:  # the output has no more components than the input: for turbo's fc1 a 64th of the work
        variances, axes = np.linalg.eigh(seen.covariance)
        spread = weight @ (axes * np.sqrt(np.maximum(variances, 0)))  # (out, in)
        values, turned = np.linalg.eigh(spread.T @ spread)
        vectors = spread @ turned / np.sqrt(np.maximum(values, values.max() * 1e-12 or 1.0))
    values = np.maximum(values[::-1], 0)
    explained = np.concatenate([[0], np.cumsum(values)]) / (values.sum() or 1.0)
    kept = vectors[:, ::-1][:, : largest_rank(outputs, inputs)].astype(np.float32)
    return Directions(key, outputs, inputs, kept, explained, seen.mean)


def ranks_for_variance(layers: list[Directions], variance: float) -> dict[str, int]:
    """Rank by key of the layers where factors that keep `variance` are smaller than the layer."""
    ranks = {}
    for layer in layers:
        least = int(np.searchsorted(layer.explained, variance))
        rank = max(STEP, -(-least // STEP) * STEP)
        if rank <= layer.largest_rank:
            ranks[layer.key] = rank
    return ranks


def ranks_for_share(layers: list[Directions], parameters: int) -> dict[str, int]:
    """Takes `parameters` away step by step, each time where it costs the least variance for each parameter."""
    ranks: dict[str, int] = {}
    saved = 0
    while saved < parameters:
        best, place = np.inf, None
        for layer in layers:
            rank = ranks[layer.key] - STEP if layer.key in ranks else layer.largest_rank
            if rank < STEP:
                continue
            now = ranks.get(layer.key)
            gain = layer.saved(rank) - (layer.saved(now) if now else 0)
            loss = (layer.explained[now] if now else 1.0) - layer.explained[rank]
            if gain > 0 and loss / gain < best:
                best, place = loss / gain, (layer.key, rank, gain)
        if place is None:
            raise ModelError(f"{parameters} parameters cannot go: factors of rank {STEP} save {saved}; ask for a smaller --share")
        ranks[place[0]] = place[1]
        saved += place[2]
    return ranks


def factors(weights: WhisperWeights, layer: Directions, rank: int) -> dict[str, np.ndarray]:
    """y ≈ m + U·Uᵀ·(Wx + b − m), with m the mean output and U (out, rank) the first components."""
    key, vectors, weight = layer.key, layer.vectors[:, :rank].astype(np.float64), weights.tensor(layer.key + ".weight").astype(np.float64)
    changed = {key + ".up.weight": vectors.astype(np.float32), key + ".down.weight": (vectors.T @ weight).astype(np.float32)}
    if weights.has(key + ".bias"):  # keys have none: the same number on all scores changes no attention
        bias = weights.tensor(key + ".bias").astype(np.float64)
        mean = weight @ layer.mean + bias
        changed[key + ".bias"] = (mean + vectors @ (vectors.T @ (bias - mean))).astype(np.float32)
    return changed
