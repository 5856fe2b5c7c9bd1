"""The least-squares weights of a layer that has lost some of its inputs."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compress.statistics import Statistics

RIDGE = 1e-4  # of the mean variance of the inputs that stay: keeps the solution from resting on noise


@dataclass(frozen=True)
class Refit:
    weight: np.ndarray  # (out, kept) float32
    bias: np.ndarray  # (out,) float32
    error: float  # mean squared error of the output, of its variance
    error_before: float  # with the weights as they were


def reconstruct(weight: np.ndarray, bias: np.ndarray, seen: Statistics, kept: np.ndarray) -> Refit:
    """weight (out, in) and bias (out) → those that on the inputs `kept` come closest to the old output, in float64. Never worse on
    the calibration audio than only leaving inputs out."""
    full = weight.astype(np.float64)
    inner = seen.covariance[np.ix_(kept, kept)]
    ridge = RIDGE * np.trace(inner) / len(kept) * np.eye(len(kept))
    solved = np.linalg.solve(inner + ridge, seen.covariance[kept] @ full.T).T  # (out, kept)
    candidates = [(solved, bias + full @ seen.mean - solved @ seen.mean[kept]), (full[:, kept], bias.astype(np.float64))]
    variance = float(np.einsum("oi,ij,oj->", full, seen.covariance, full, optimize=True)) or 1.0
    errors = [output_error(full, bias, seen, kept, *candidate) / variance for candidate in candidates]
    best = candidates[0] if errors[0] <= errors[1] else candidates[1]
    return Refit(best[0].astype(np.float32), best[1].astype(np.float32), min(errors), errors[1])


def output_error(weight: np.ndarray, bias: np.ndarray, seen: Statistics, kept: np.ndarray, new_weight: np.ndarray,
                 new_bias: np.ndarray) -> float:
    """Squared difference of the two outputs, summed over outputs, mean over the calibration positions."""
    difference = weight.astype(np.float64)  # a copy
    difference[:, kept] -= new_weight
    shift = difference @ seen.mean + bias - new_bias
    return float(np.einsum("oi,ij,oj->", difference, seen.covariance, difference, optimize=True) + shift @ shift)
