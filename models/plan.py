"""A plan of mixed precision: which precision each layer has. quantize.py writes one, build.py reads it.

A JSON object of patterns, as the shell has them, over layer keys (`linear_keys`): the first that matches a layer says its
precision, and the build's own precision serves layers that none matches:
  {"model.encoder.layers.0.fc?": "fp16", "model.decoder.*": "int4"}
Queries, keys and values of one self-attention are one product where they are of one precision.
"""
from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from read_json_object import read_json_object
from weights import ModelError, WhisperWeights

PRECISIONS = ("int4", "int8", "fp16", "fp32")  # from the smallest to the largest
LAYER = re.compile(r"(model\..*(?:_proj|fc[12]|conv[12]|embed_tokens))(?:\.up)?\.weight")


def linear_keys(weights: WhisperWeights) -> list[str]:
    """The layers that a plan can name: projections, feed-forward, the encoder's convolutions, the shared token embedding."""
    return sorted({match[1] for name in weights.tensors if (match := LAYER.fullmatch(name))})


def read_plan(path: Path) -> dict[str, str]:
    plan = read_json_object(path)
    for pattern, precision in plan.items():
        if precision not in PRECISIONS:
            raise ModelError(f"{path.name}: {pattern} is {precision!r}: write one of {', '.join(PRECISIONS)}")
    return plan


def check_plan(plan: dict[str, str], weights: WhisperWeights) -> None:
    """Raises ModelError for a pattern that matches nothing: most likely it is misspelt."""
    keys = linear_keys(weights)
    for pattern in plan:
        if not any(fnmatchcase(key, pattern) for key in keys):
            raise ModelError(f"the plan's {pattern!r} is no layer of {weights.source.name}: write a pattern of keys such as {keys[-1]}")


def planned_precision(plan: dict[str, str], key: str, rest: str) -> str:
    return next((precision for pattern, precision in plan.items() if fnmatchcase(key, pattern)), rest)
