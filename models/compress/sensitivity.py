"""What it costs to round one part of a model and leave all others in fp32: measured on calibration audio, part by part."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from compress.calibration import Passage
from compress.halves import Halves, open_decoder, open_encoder, open_halves
from graph_linear import block_size
from plan import linear_keys
from weights import WhisperWeights

EMBEDDING = "model.decoder.embed_tokens"  # has no kernel of 4 bits in the graph


@dataclass(frozen=True)
class Part:
    """Layers that get one precision."""
    pattern: str  # as a plan writes it
    keys: tuple[str, ...]
    bytes: dict[str, int]  # by precision


@dataclass(frozen=True)
class Cost:
    part: Part
    precision: str
    divergence: float  # Kullback-Leibler, fp32 to rounded, nats a token
    token_error_percent: float  # tokens whose most likely successor changes


def find_parts(weights: WhisperWeights) -> list[Part]:
    """Attentions and feed-forwards one by one, the convolutions, the token embedding."""
    sizes = weights.dimensions
    patterns = ["model.encoder.conv?"]
    for part, count, names in (("encoder", sizes.encoder_layers, ("self_attn.*", "fc?")),
                               ("decoder", sizes.decoder_layers, ("self_attn.*", "encoder_attn.*", "fc?"))):
        patterns += [f"model.{part}.layers.{index}.{name}" for index in range(count) for name in names]
    every = linear_keys(weights)
    parts = []
    for pattern in [*patterns, EMBEDDING]:
        keys = tuple(key for key in every if fnmatchcase(key, pattern))
        precisions = ("int8", "fp16") if pattern == EMBEDDING else ("int4", "int8", "fp16")
        parts.append(Part(pattern, keys, {each: sum(stored_bytes(weights, key, each) for key in keys) for each in precisions}))
    return parts


def stored_bytes(weights: WhisperWeights, key: str, precision: str) -> int:
    """Of the layer's weight in the file: what graph_linear.py writes."""
    names = [name for name in (".weight", ".up.weight", ".down.weight") if weights.has(key + name)]
    total = 0
    for name in names:
        shape = weights.tensor(key + name).shape
        outputs, inputs = shape[0], int(np.prod(shape[1:]))
        by_column = precision == "int8" and (key.startswith("model.encoder.") or ".encoder_attn.k_" in key or ".encoder_attn.v_" in key)
        if by_column:
            total += outputs * inputs + 4 * outputs
        elif precision in ("int8", "int4") and (block := block_size(inputs, int(precision[3:]))):
            total += outputs * inputs * int(precision[3:]) // 8 + 2 * outputs * inputs // block
        else:
            total += outputs * inputs * (4 if precision == "fp32" else 2)
    return total


def measure(weights: WhisperWeights, passages: list[Passage], parts: list[Part],
            note: Callable[[str], None] = lambda _: None) -> list[Cost]:
    """The cost of each part in each of its integer precisions."""
    whole = open_halves(weights)
    hidden = [whole.encode(passage)[0] for passage in passages]
    expected = [log_softmax(whole.decode(passage, each)[0]) for passage, each in zip(passages, hidden, strict=True)]
    costs = []
    for place, part in enumerate(parts):
        for precision in part.bytes:
            if precision == "fp16":
                continue
            plan = {part.pattern: precision}
            if part.keys[0].startswith("model.encoder."):
                rounded = Halves(open_encoder(weights, "fp32", plan), whole.decoder)
                found = [rounded.decode(passage, rounded.encode(passage)[0])[0] for passage in passages]
            else:
                rounded = Halves(whole.encoder, open_decoder(weights, "fp32", plan))
                found = [rounded.decode(passage, each)[0] for passage, each in zip(passages, hidden, strict=True)]
            costs.append(cost(part, precision, expected, found))
        note(f"{place + 1} of {len(parts)}: {part.pattern} " + ", ".join(
            f"{each.precision} {each.divergence:.2g} nats" for each in costs if each.part == part))
    return costs


def cost(part: Part, precision: str, expected: list[np.ndarray], logits: list[np.ndarray]) -> Cost:
    """expected: log-probabilities, each (1, T, vocabulary)."""
    found = [log_softmax(each) for each in logits]
    divergence = np.concatenate([(np.exp(p) * (p - q)).sum(-1).ravel() for p, q in zip(expected, found, strict=True)])
    changed = np.concatenate([(p.argmax(-1) != q.argmax(-1)).ravel() for p, q in zip(expected, found, strict=True)])
    return Cost(part, precision, float(divergence.mean()), float(100 * changed.mean()))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
