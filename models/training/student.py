"""The student of a distillation: some of its teacher's layers."""
from __future__ import annotations

import dataclasses
import re

from edit_weights import with_tensors
from weights import ModelError, WhisperWeights

LAYER = re.compile(r"model\.(encoder|decoder)\.layers\.(\d+)\.(.*)")


def read_layers(text: str | None, count: int, part: str) -> list[int]:
    """"0,3" → [0, 3]; None → all."""
    if text is None:
        return list(range(count))
    try:
        layers = [int(item) for item in text.split(",")]
    except ValueError:
        layers = []
    if not layers or layers != sorted(set(layers)) or not 0 <= layers[0] <= layers[-1] < count:
        raise ModelError(f"{part} layers {text!r}: give numbers from 0 to {count - 1} in order, such as 0,{count - 1}")
    return layers


def with_layers(weights: WhisperWeights, encoder: list[int], decoder: list[int]) -> WhisperWeights:
    """`weights` with these layers alone, renumbered."""
    kept = {"encoder": encoder, "decoder": decoder}
    changed, removed = {}, set()
    for name in weights.tensors:
        if not (match := LAYER.fullmatch(name)):
            continue
        part, layer, rest = match[1], int(match[2]), match[3]
        removed.add(name)
        if layer in kept[part]:
            changed[f"model.{part}.layers.{kept[part].index(layer)}.{rest}"] = weights.tensor(name)
    dimensions = dataclasses.replace(weights.dimensions, encoder_layers=len(encoder), decoder_layers=len(decoder))
    return with_tensors(weights, changed, removed, dimensions, alignment_heads(weights, decoder))


def alignment_heads(weights: WhisperWeights, decoder: list[int]) -> list[tuple[int, int]]:
    """Those of the layers that stay. Where none stays, all heads of the later half of the layers, as openai/whisper takes
    for a model that nobody has measured."""
    stay = [(decoder.index(layer), head) for layer, head in weights.alignment_heads if layer in decoder]
    if stay or not weights.alignment_heads:
        return stay
    return [(place, head) for place in range(len(decoder) // 2, len(decoder)) for head in range(heads_of(weights, decoder[place]))]


def heads_of(weights: WhisperWeights, layer: int) -> int:
    """Heads of a decoder layer's cross-attention, which may have been pruned."""
    query = f"model.decoder.layers.{layer}.encoder_attn.q_proj"
    rows = weights.tensor(query + (".up.weight" if weights.has(query + ".up.weight") else ".weight"))
    return len(rows) // (weights.dimensions.width // weights.dimensions.decoder_heads)


def layer_map(student: int, teacher: int) -> tuple[tuple[int, int], ...]:
    """Which layer of the teacher each of the student's takes after, where they are spread evenly; the last after the last."""
    return tuple((layer, round((layer + 1) * teacher / student) - 1) for layer in range(student))
