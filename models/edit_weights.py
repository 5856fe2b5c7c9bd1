"""Weights with some tensors changed: what every step between a source and a build returns."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping

import numpy as np

from weights import Dimensions, Provenance, WhisperWeights, check_tensors


def with_tensors(weights: WhisperWeights, changed: Mapping[str, np.ndarray], removed: Collection[str] = (),
                 dimensions: Dimensions | None = None, alignment_heads: list[tuple[int, int]] | None = None) -> WhisperWeights:
    """`weights` with `changed` in place of or beside its tensors, and without `removed`. Reads no other tensor. Raises
    ModelError where the rest does not fit `dimensions`."""
    tensors = {name: read for name, read in weights.tensors.items() if name not in removed}
    tensors |= {name: constant(array) for name, array in changed.items()}
    return check_tensors(dataclasses.replace(
        weights, tensors=tensors, dimensions=dimensions or weights.dimensions,
        alignment_heads=weights.alignment_heads if alignment_heads is None else sorted(alignment_heads)))


def constant(array: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: array


def with_step(weights: WhisperWeights, step: str, **figures) -> WhisperWeights:
    """`weights` whose provenance ends with one more step; `figures` are its options and outcome, as JSON can hold them."""
    before = weights.provenance or Provenance(weights.source)
    return dataclasses.replace(
        weights, provenance=dataclasses.replace(before, steps=(*before.steps, {"step": step, **figures})))
