"""The audio encoder: log-mel → two convolutions → transformer, and the cross-attention keys and values of every decoder layer.

On CPU the rows of a batch are encoded one after the other inside a Loop: each at its own length, so a short clip costs what it
is long, int8 scales never mix rows, and attention needs no padding mask. On CUDA all rows run together, padded to one length,
because a mask would take attention off its flash kernel (models/README.md).
"""
from __future__ import annotations

import numpy as np

from graph_audio import log_mel
from graph_linear import Layers, qkv_parts
from graph_pen import INT64_MAX, Pen

FRAME = 320  # samples per encoder position, 20 ms
HIDDEN = -30_000.0  # attention score of what must not be seen


def convolution(pen: Pen, layers: Layers, x: str, key: str, stride: int) -> str:
    """Conv1d (kernel 3, padding 1) + GELU as a MatMul over shifted slices: (B, T, in) → (B, T/stride, out)."""
    padded = pen.op("Pad", x, pen.integer([0, 1, 0, 0, 1, 0]))
    shifted = [pen.slice(padded, start, end, 1, stride) for start, end in ((0, -2), (1, -1), (2, INT64_MAX))]
    weight = layers.weight(key).transpose(0, 2, 1)  # (out, 3, in)
    return layers.product_gelu(pen, pen.concat(*shifted, axis=-1), key, weight.reshape(len(weight), -1))


def self_attention(pen: Pen, layers: Layers, x: str, prefix: str, heads: int, unscaled_bias: str | None) -> str:
    """x (B, T, width) → (B, T, heads · head size). `unscaled_bias` (1, T, 1, 1) is added to each key's score before that is scaled."""
    if layers.fused:
        # Queries, keys and values apart: CUDA's attention would first take them apart, and add their bias, in a pass of its own.
        # A bias of the values goes through attention as it is: `encode` adds it afterwards
        names = qkv_parts(prefix)
        query, key, value = (layers.project(pen, x, name) for name in names)
        query = pen.op("Add", query, layers.constant(pen, names[0] + ".bias", layers.bias(names[0])))
        return pen.microsoft("MultiHeadAttention", query, key, value, num_heads=heads)
    q, k, v = layers.split_qkv(pen, x, prefix)
    if unscaled_bias is None:
        return pen.microsoft("MultiHeadAttention", q, k, v, num_heads=heads)
    # One more dimension of queries and keys, 1 times the bias: a bias of its own would take attention off its fast path (35
    # instead of 27 ms for 1,450 positions) and is a square of numbers
    split, joined = pen.integer([0, 0, heads, -1]), pen.integer([0, 0, heads * (layers.head_size + 1)])
    q = pen.op("Pad", pen.op("Reshape", q, split), pen.integer([0] * 7 + [1]), pen.float32(1.0))
    k = pen.concat(pen.op("Reshape", k, split), pen.op("Expand", unscaled_bias, pen.integer([1, 1, heads, 1])), axis=-1)
    return pen.microsoft("MultiHeadAttention", pen.op("Reshape", q, joined), pen.op("Reshape", k, joined), v,
                         num_heads=heads, scale=layers.head_size**-0.5)


def encode(pen: Pen, layers: Layers, pcm: str, positions: str | None, score_bias: str | None) -> str:
    """pcm (B, N) → hidden (B, N/320, width). `positions` (N/320) selects position embeddings; None takes them in order.
    `score_bias` (N/320) is added to the attention score of each."""
    sizes, prefix = layers.weights.dimensions, "model.encoder."
    mel = log_mel(pen, pcm, sizes.mels)
    if layers.dtype != np.float32:
        mel = pen.cast(mel, layers.dtype)
    x = convolution(pen, layers, mel, prefix + "conv1", 1)
    x = convolution(pen, layers, x, prefix + "conv2", 2)
    table = layers.constant(pen, prefix + "positions", layers.weight(prefix + "embed_positions"))
    place = pen.op("Gather", table, positions) if positions else pen.slice(table, pen.integer([0]), pen.length(x, 1), 0)
    residual = pen.op("Add", x, place)
    x = layers.norm(pen, residual, prefix + "layers.0.self_attn_layer_norm")
    unscaled = score_bias and pen.unsqueeze(pen.op("Mul", score_bias, pen.float32(layers.head_size**0.5)), 0, 2, 3)
    for index in range(sizes.encoder_layers):
        layer = f"{prefix}layers.{index}."
        last = index + 1 == sizes.encoder_layers
        following = prefix + ("layer_norm" if last else f"layers.{index + 1}.self_attn_layer_norm")
        attended = self_attention(pen, layers, x, layer, layers.heads(layer + "self_attn"), unscaled)
        out = layer + "self_attn.out_proj"
        bias = None
        if layers.fused:
            bias = layers.bias(out) + layers.weight(out) @ layers.bias(layer + "self_attn.v_proj")
        x, residual = layers.linear_add_norm(pen, attended, out, residual, layer + "final_layer_norm", bias)
        x = layers.linear_gelu(pen, x, layer + "fc1")
        x, residual = layers.linear_add_norm(pen, x, layer + "fc2", residual, following)
    return x


def cross_keys_values(pen: Pen, layers: Layers, hidden: str) -> list[str]:
    """hidden (B, L, width) → key, value, key, value, …, one pair per decoder layer: keys scaled and transposed, (B, heads,
    head size, L), values (B, heads, L, head size)."""
    outputs = []
    scale = layers.constant(pen, "head scale", np.array(layers.head_size**-0.5))
    for index in range(layers.weights.dimensions.decoder_layers):
        attention = f"model.decoder.layers.{index}.encoder_attn"
        split = pen.integer([0, 0, layers.heads(attention), -1])
        key, value = (pen.op("Reshape", layers.linear(pen, hidden, f"{attention}.{name}"), split) for name in ("k_proj", "v_proj"))
        outputs.append(pen.op("Mul", pen.op("Transpose", key, perm=[0, 2, 3, 1]), scale))
        outputs.append(pen.op("Transpose", value, perm=[0, 2, 1, 3]))
    return outputs


def encode_rows(pen: Pen, layers: Layers, pcm: str, lengths: str, stride: str) -> tuple[list[str], str]:
    """CPU: encodes row by row. Returns the cross keys and values, padded to the longest row, and score_bias (B, L)."""
    end = pen.integer(layers.weights.dimensions.audio_context)
    merging = pen.op("Greater", stride, pen.integer(0))
    step = pen.op("Max", stride, pen.integer(1))
    half = pen.op("Div", step, pen.integer(2))
    first_offset = pen.op("Where", merging, half, end)  # past the end of the audio: no merged silence
    weight = pen.op("Log", pen.cast(step, np.float32))

    def kept(pen: Pen, length: str) -> tuple[str, str]:
        """Positions of one row, and what each adds to its attention score."""
        tail = pen.op("Range", pen.op("Add", length, first_offset), end, step)
        positions = pen.concat(pen.op("Range", pen.integer(0), length, pen.integer(1)), tail, axis=0)
        plain = pen.op("Expand", pen.float32(0.0), pen.unsqueeze(length, 0))
        merged = pen.op("Expand", weight, pen.op("Shape", tail))
        return positions, pen.concat(plain, merged, axis=0)

    # the number of positions of each row: its length, and a merged tail of ceil((end - length - half) / stride)
    left = pen.op("Sub", pen.op("Sub", end, lengths), first_offset)
    merged = pen.op("Max", pen.op("Div", pen.op("Add", left, pen.op("Sub", step, pen.integer(1))), step), pen.integer(0))
    longest = pen.op("ReduceMax", pen.op("Add", lengths, merged), keepdims=1)
    zero, one = pen.integer([0]), pen.integer([1])

    def draw(row_pen: Pen, row: str, _: dict):
        length = row_pen.op("Gather", lengths, row)
        positions, bias = kept(row_pen, length)
        count = row_pen.op("Shape", positions)
        samples = row_pen.op("Mul", count, row_pen.integer([FRAME]))
        audio = row_pen.op("Slice", row_pen.op("Gather", pcm, row_pen.unsqueeze(row, 0)), zero, samples, one)
        keys_values = cross_keys_values(row_pen, layers, encode(row_pen, layers, audio, positions, bias))
        padding = row_pen.op("Sub", longest, count)
        after = row_pen.concat(row_pen.integer([0] * 5), padding, axis=0)  # after L of keys, (heads, head size, L)
        between = row_pen.concat(row_pen.integer([0] * 4), padding, zero, axis=0)  # and of values, (heads, L, head size)
        padded = [row_pen.op("Pad", row_pen.op("Squeeze", value, zero), between if place % 2 else after)
                  for place, value in enumerate(keys_values)]
        hidden = row_pen.op("Pad", bias, row_pen.concat(zero, padding, axis=0), row_pen.float32(HIDDEN))
        return None, {}, [*padded, hidden]

    rows = pen.scalar(pen.length(pcm, 0))
    pairs = 2 * layers.weights.dimensions.decoder_layers
    _, scans = pen.loop(rows, [], [layers.dtype] * pairs + [np.float32], draw)
    return scans[:-1], scans[-1]

