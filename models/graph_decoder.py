"""One pass of the text decoder, with its self-attention cache and, where asked for, the alignment heads' attention."""
from __future__ import annotations

from collections.abc import Callable

from graph_linear import Layers
from graph_pen import Pen

# Of one layer, query (B, T, width) → what it takes from the audio, (B, T, heads · head size)
Attend = Callable[[int, str], str]


def heads_by_layer(layers: Layers) -> dict[int, list[int]]:
    by_layer: dict[int, list[int]] = {}
    for layer, head in sorted(layers.weights.alignment_heads):
        by_layer.setdefault(layer, []).append(head)
    return by_layer


def decode_step(pen: Pen, layers: Layers, ids: str, cache: list[str], attend: Attend) -> tuple[str, list[str]]:
    """ids (B, T) and the cache → hidden (B, T, width) and the new cache."""
    prefix, count = "model.decoder.", layers.weights.dimensions.decoder_layers
    past = pen.length(cache[0], 2)
    table = layers.constant(pen, prefix + "positions", layers.weight(prefix + "embed_positions"))
    place = pen.slice(table, past, pen.op("Add", past, pen.length(ids, 1)), 0)
    residual = pen.op("Add", layers.embed(pen, ids), place)
    x = layers.norm(pen, residual, prefix + "layers.0.self_attn_layer_norm")
    new_cache = []
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
        attended = attend(index, layers.linear(pen, x, layer + "encoder_attn.q_proj"))
        x, residual = layers.linear_add_norm(pen, attended, layer + "encoder_attn.out_proj", residual,
                                             layer + "final_layer_norm")
        x = layers.linear_gelu(pen, x, layer + "fc1")
        x, residual = layers.linear_add_norm(pen, x, layer + "fc2", residual, following)
    return x, new_cache


def cross_attention(pen: Pen, layers: Layers, keys_values: list[str], score_bias: str) -> tuple[Attend, dict[int, str]]:
    """For CPU, where plain products are faster than MultiHeadAttention. `keys_values` as `cross_keys_values` leaves them,
    `score_bias` (B, 1, 1, L). The dict fills with the attention of each layer, (B, heads, T, L), as it is asked for."""
    attention: dict[int, str] = {}

    def attend(index: int, query: str) -> str:
        heads = layers.heads(f"model.decoder.layers.{index}.encoder_attn")
        split = pen.op("Transpose", pen.op("Reshape", query, pen.integer([0, 0, heads, -1])), perm=[0, 2, 1, 3])
        scores = pen.op("Add", pen.op("MatMul", split, keys_values[2 * index]), score_bias)
        attention[index] = pen.op("Softmax", scores, axis=-1)
        attended = pen.op("Transpose", pen.op("MatMul", attention[index], keys_values[2 * index + 1]), perm=[0, 2, 1, 3])
        return pen.op("Reshape", attended, pen.integer([0, 0, -1]))

    return attend, attention


def alignment(pen: Pen, layers: Layers, attention: dict[int, str], wanted: str, rows: str) -> str:
    """Attention of the last position's alignment heads over the audio: (B, heads, L), or (B, heads, 0) where not wanted."""

    def picked(branch: Pen) -> list[str]:
        parts = [branch.op("Gather", branch.op("Gather", attention[layer], branch.integer(-1), axis=2), branch.integer(heads), axis=1)
                 for layer, heads in heads_by_layer(layers).items()]
        return [branch.concat(*parts, axis=1)]

    def nothing(branch: Pen) -> list[str]:
        count = len(layers.weights.alignment_heads)
        return [branch.filled(branch.concat(rows, branch.integer([count, 0]), axis=0), layers.dtype.type(0))]

    return pen.branch(wanted, [layers.dtype], picked, nothing)
