"""One token on CUDA: the decoder's layers for a single position of every row, with one kernel for each attention.

onnxruntime has a CPU kernel of the same name (DecoderMaskedMultiHeadAttention), which wants plain keys and no bias: tests of
the rest of the graph set FOR_GPU to False.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graph_linear import Layers
from graph_pen import Pen, value_info

FOR_GPU = True


@dataclass(frozen=True)
class Audio:
    """What a step sees of the audio; drawn once, before the first step."""

    keys_values: list[str]  # key, value per layer, each (B, heads, L, head size); keys as `reordered` leaves them
    aligned_heads: dict[int, str]  # layer → its alignment heads, int64 (n) or (0) when no alignment is wanted


def token_step(pen: Pen, layers: Layers, ids: str, length: str, cache: list[str], audio: Audio):
    """ids (B, 1), the length-th token of their rows (int64 [1], on the host), and the cache: key, value per layer, each
    (B, heads, room, head size) → hidden (B, 1, width), the new cache, and the alignment heads' scores (B, n, 1, L)."""
    prefix = "model.decoder."
    past = pen.op("Sub", length, pen.integer([1]))
    past_int32 = pen.op("Cast", past, to=6)
    table = layers.weight(prefix + "embed_positions")
    place = pen.slice(layers.constant(pen, prefix + "positions", table), past, length, 0)

    def attend(x: str, layer: str, cache: list[str]):
        attended, *keys_values = self_attention(pen, layers, x, layer, cache, past_int32)
        return attended, keys_values

    return decoder(pen, layers, ids, place, cache, audio, attend, cross_attention)


def decoder(pen: Pen, layers: Layers, ids: str, place: str, cache: list[str], audio: Audio, attend: Callable, hear: Callable):
    """ids (B, 1) and their position embeddings → hidden (B, 1, width), what `attend(x, layer, key and value)` makes of the
    cache, and the alignment heads' scores. `hear` is the attention to the audio: `cross_attention`, or one like it."""
    prefix, count = "model.decoder.", layers.weights.dimensions.decoder_layers
    x, residual = pen.fresh("norm"), pen.fresh("residual")
    pen.microsoft("SkipLayerNormalization", layers.embed(pen, ids), place,
                  *layers.norm_parameters(pen, prefix + "layers.0.self_attn_layer_norm"),
                  outputs=[x, "", "", residual], epsilon=1e-5)
    new_cache, scores = [], []
    for index in range(count):
        layer = f"{prefix}layers.{index}."
        following = prefix + ("layer_norm" if index + 1 == count else f"layers.{index + 1}.self_attn_layer_norm")
        attended, keys_values = attend(x, layer, cache[2 * index : 2 * index + 2])
        new_cache += keys_values
        x, residual = layers.linear_add_norm(pen, attended, layer + "self_attn.out_proj", residual,
                                             layer + "encoder_attn_layer_norm")
        projection = layer + "encoder_attn.q_proj"
        bias = layers.bias(projection)
        query = layers.project(pen, x, projection, None if FOR_GPU else bias)
        attended, score = hear(pen, layers, index, query, audio, bias if FOR_GPU else None)
        if index in audio.aligned_heads:
            scores.append(pen.op("Gather", score, audio.aligned_heads[index], axis=1))
        x, residual = layers.linear_add_norm(pen, attended, layer + "encoder_attn.out_proj", residual,
                                             layer + "final_layer_norm")
        x = layers.linear_gelu(pen, x, layer + "fc1")
        x, residual = layers.linear_add_norm(pen, x, layer + "fc2", residual, following)
    return x, new_cache, scores


def self_attention(pen: Pen, layers: Layers, x: str, layer: str, cache: list[str], past: str) -> tuple[str, str, str]:
    """x (B, 1, width) and keys and values (B, heads, room, head size), of which `past` are filled → (B, 1, width), and both."""
    if FOR_GPU:
        projected = [layers.packed_qkv(pen, x, layer, None), "", ""]
        biases = ["", "", layers.constant(pen, layer + "qkv.bias", layers.qkv_bias(layer))]
    else:
        projected, biases = layers.split_qkv(pen, x, layer), []
    return pen.microsoft("DecoderMaskedMultiHeadAttention", *projected, "", "", *cache, past, *biases, outputs=3,
                         num_heads=layers.heads(layer + "self_attn"), past_present_share_buffer=1)


def cross_attention(pen: Pen, layers: Layers, index: int, query: str, audio: Audio, bias: np.ndarray | None):
    """query (B, 1, width) → (B, 1, width), and the scores before softmax, (B, heads, 1, L) float32, of a layer with
    alignment heads. `bias` is what the query still lacks."""
    attention = f"model.decoder.layers.{index}.encoder_attn"
    wanted = index in audio.aligned_heads
    attended, scores = pen.fresh("attended"), pen.fresh("scores")
    biases = []
    if bias is not None:
        biases = [""] * 7 + [layers.constant(pen, attention + ".bias", np.concatenate([bias, 0 * bias, 0 * bias]))]
    pen.microsoft("DecoderMaskedMultiHeadAttention", query, *audio.keys_values[2 * index : 2 * index + 2], *biases,
                  outputs=[attended, "", "", scores] if wanted else [attended],
                  num_heads=layers.heads(attention), output_qk=int(wanted))
    if wanted:
        pen.types.append(value_info(scores, np.float32))
    return attended, scores


def reordered(pen: Pen, layers: Layers, keys: str, lengths_first: bool) -> str:
    """Keys, (B, L, heads · head size) or, without `lengths_first`, (B, heads, L, head size) → (B, heads, L, head size) as
    CUDA's kernel reads them: in memory (B, heads, head size / x, L, x), with 16 bytes in x."""
    size = layers.head_size
    x = 16 // layers.dtype.itemsize
    if not FOR_GPU:
        return split_heads(pen, layers, keys) if lengths_first else keys
    if lengths_first:
        parts = pen.op("Reshape", keys, pen.integer([0, 0, -1, size // x, x]))
        moved = pen.op("Transpose", parts, perm=[0, 2, 3, 1, 4])
        shape = pen.concat(pen.length(keys, 0), pen.integer([-1]), pen.length(keys, 1), pen.integer([size]), axis=0)
        return pen.op("Reshape", moved, shape)
    parts = pen.op("Reshape", keys, pen.integer([0, 0, 0, size // x, x]))
    return pen.op("Reshape", pen.op("Transpose", parts, perm=[0, 1, 3, 2, 4]), pen.op("Shape", keys))


def plain_order(pen: Pen, layers: Layers, keys: str) -> str:
    """Keys as `reordered` leaves them → (B, heads, L, head size), in memory too."""
    if not FOR_GPU:
        return keys
    size, x = layers.head_size, 16 // layers.dtype.itemsize
    shape = pen.concat(pen.op("Shape", keys, start=0, end=2), pen.integer([size // x, -1, x]), axis=0)
    return pen.op("Reshape", pen.op("Transpose", pen.op("Reshape", keys, shape), perm=[0, 1, 3, 2, 4]), pen.op("Shape", keys))


def split_heads(pen: Pen, layers: Layers, values: str, outputs: int | list[str] = 1) -> str:
    """(B, L, heads · head size) → (B, heads, L, head size)."""
    return pen.op("Transpose", pen.op("Reshape", values, pen.integer([0, 0, -1, layers.head_size])), perm=[0, 2, 1, 3],
                  outputs=outputs)
