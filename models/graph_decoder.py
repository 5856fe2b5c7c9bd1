"""One pass of the text decoder, with its self-attention cache and, where asked for, the alignment heads' attention."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph_linear import Layers
from graph_pen import INT64_MAX, Pen


@dataclass(frozen=True)
class CrossAttention:
    """What the decoder sees of the audio; drawn once, read by every step."""

    keys_values: list[str]  # key, value per layer, each (B, heads, L, head size)
    score_bias: str | None  # (B, 1, 1, L) in the graph's type, or None where all rows are of one length
    alignment_keys: dict[int, str]  # layer → keys of its alignment heads, transposed: (B, heads, head size, L)
    alignment_on: str  # bool []


def alignment_keys(pen: Pen, layers: Layers, keys_values: list[str], alignment_on: str) -> dict[int, str]:
    """Picks and transposes the keys of the alignment heads once, not at every step, and only when they are wanted."""
    by_layer = heads_by_layer(layers)
    if not by_layer:
        return {}

    def picked(branch: Pen) -> list[str]:
        return [branch.op("Transpose", branch.op("Gather", keys_values[2 * layer], branch.integer(heads), axis=1),
                          perm=[0, 1, 3, 2]) for layer, heads in by_layer.items()]

    def nothing(branch: Pen) -> list[str]:
        return [branch.filled(branch.integer([0, 0, 0, 0]), layers.dtype.type(0)) for _ in by_layer]

    values = pen.branch(alignment_on, [layers.dtype] * len(by_layer), picked, nothing)
    return dict(zip(by_layer, [values] if len(by_layer) == 1 else values, strict=True))


def heads_by_layer(layers: Layers) -> dict[int, list[int]]:
    by_layer: dict[int, list[int]] = {}
    for layer, head in sorted(layers.weights.alignment_heads):
        by_layer.setdefault(layer, []).append(head)
    return by_layer


def decode_step(pen: Pen, layers: Layers, ids: str, cache: list[str], cross: CrossAttention):
    """ids (B, T) and the cache → hidden (B, T, width), the new cache, and the queries of the last position of each
    layer that has alignment heads, (B, 1, width)."""
    prefix, count = "model.decoder.", layers.weights.dimensions.decoder_layers
    past = pen.length(cache[0], 2)
    table = layers.constant(pen, prefix + "positions", layers.weight(prefix + "embed_positions"))
    place = pen.slice(table, past, pen.op("Add", past, pen.length(ids, 1)), 0)
    residual = pen.op("Add", layers.embed(pen, ids), place)
    x = layers.norm(pen, residual, prefix + "layers.0.self_attn_layer_norm")
    bias = cross.score_bias and pen.op(
        "Expand", cross.score_bias, pen.concat(pen.integer([1, 1]), pen.length(ids, 1), pen.integer([1]), axis=0))
    new_cache, queries = [], {}
    for index in range(count):
        layer = f"{prefix}layers.{index}."
        following = prefix + ("layer_norm" if index + 1 == count else f"layers.{index + 1}.self_attn_layer_norm")
        q, k, v = layers.split_qkv(pen, x, layer)
        attended, key, value = pen.microsoft(
            "MultiHeadAttention", q, k, v, "", "", "", cache[2 * index], cache[2 * index + 1],
            outputs=3, num_heads=layers.heads(layer + "self_attn"), unidirectional=1)
        new_cache += [key, value]
        x, residual = layers.linear_add_norm(pen, attended, layer + "self_attn.out_proj", residual,
                                             layer + "encoder_attn_layer_norm")
        query = layers.linear(pen, x, layer + "encoder_attn.q_proj")
        if index in cross.alignment_keys:
            queries[index] = query
        masked = ["", "", bias] if bias else []
        attended = pen.microsoft("MultiHeadAttention", query, *cross.keys_values[2 * index : 2 * index + 2], *masked,
                                 num_heads=layers.heads(layer + "encoder_attn"))
        x, residual = layers.linear_add_norm(pen, attended, layer + "encoder_attn.out_proj", residual,
                                             layer + "final_layer_norm")
        x = layers.linear_gelu(pen, x, layer + "fc1")
        x, residual = layers.linear_add_norm(pen, x, layer + "fc2", residual, following)
    return x, new_cache, queries


def alignment(pen: Pen, layers: Layers, queries: dict[int, str], cross: CrossAttention, rows: str) -> str:
    """Attention of the last position's alignment heads over the audio: (B, heads, L), or (B, heads, 0) when off."""
    by_layer = heads_by_layer(layers)

    def attention(branch: Pen) -> list[str]:
        parts = []
        for index, heads in by_layer.items():
            last = branch.slice(queries[index], -1, INT64_MAX, 1)
            split = branch.op("Reshape", last, branch.integer([0, 0, layers.heads(f"model.decoder.layers.{index}.encoder_attn"), -1]))
            picked = branch.op("Gather", branch.op("Transpose", split, perm=[0, 2, 1, 3]), branch.integer(heads), axis=1)
            scaled = branch.op("Mul", picked, layers.constant(branch, "head scale", np.array(layers.head_size**-0.5)))
            scores = branch.op("MatMul", scaled, cross.alignment_keys[index])
            if cross.score_bias:
                scores = branch.op("Add", scores, cross.score_bias)
            parts.append(branch.op("Softmax", scores, axis=-1))
        return [branch.op("Squeeze", branch.concat(*parts, axis=1), branch.integer([2]))]

    def nothing(branch: Pen) -> list[str]:
        count = len(layers.weights.alignment_heads)
        return [branch.filled(branch.concat(rows, branch.integer([count, 0]), axis=0), layers.dtype.type(0))]

    return pen.branch(cross.alignment_on, [layers.dtype], attention, nothing)
