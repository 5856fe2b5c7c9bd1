"""Ordinary steps as CUDA can capture them: the graph of graph_captured.py that is run again and again."""
from __future__ import annotations

import numpy as np

from captured_values import (STATE, STEPS, audio_infos, cache_infos, histories, int8_audio_infos, int8_last_infos, last_infos,
                             places, scale_infos)
from graph_choice import best
from graph_decoder import heads_by_layer
from graph_int8_audio import int8_attention
from graph_linear import Layers
from graph_pen import Pen, value_info
from graph_step import Audio, cross_attention, decoder


def draw_step(pen: Pen, layers: Layers, aligned: bool, int8: bool) -> tuple[list, list]:
    """STEPS tokens for every row. The host binds every output "X out N" to the memory of the input X. Small ones are read for
    the last time before they are written: all that asks for `length` asks for `past`, a copy of it. Of large ones each step
    writes what no other step does, or what the next one reads by way of the token between them."""
    tokens, vocabulary = layers.weights.tokens, layers.weights.dimensions.vocabulary
    taken = [*[value_info(*each) for each in STATE], value_info("mask", np.float32, [1, vocabulary]),
             value_info("room", np.int32, [1]), *histories(layers), *cache_infos(layers)]
    given = [value_info(f"{name} out", dtype, shape) for name, dtype, shape in STATE]
    by_layer = heads_by_layer(layers) if aligned else {}
    # Where the scores are wanted, another kernel attends, which knows no int8
    taken += audio_infos(layers, only=by_layer if int8 else None)
    kinds = (int8_audio_infos, int8_last_infos, scale_infos) if int8 else (last_infos,)
    if grouped := [info for infos in kinds for info in infos(layers, without=by_layer)]:
        taken += [*grouped, value_info("positions", np.int32, [1]), value_info("last position", np.int32, ["B"])]
    if aligned:
        taken.append(value_info("first", np.int64, [1]))
        taken += [value_info(f"scores {layer}", np.float32, ["S", f"N{layer}"]) for layer in by_layer]
    chosen_heads = {layer: pen.constants.add(f"aligned heads {layer}", np.array(heads, np.int64)) for layer, heads in by_layer.items()}
    audio = Audio([info.name for info in audio_infos(layers)], chosen_heads)
    end = pen.integer([[tokens.end_of_text]])

    def small(value: int) -> str:
        return pen.constants.add(f"int32 {value}", np.array(value, np.int32))

    room = places(layers)
    table = layers.weight("model.decoder.embed_positions")
    table = layers.constant(pen, f"model.decoder.positions and {STEPS}", np.concatenate([table, np.zeros_like(table[:STEPS])]))
    before = pen.constants.add("places before", np.arange(room, dtype=np.int32)[None] - np.int32(1))
    ids, done, start = "ids", "done", pen.op("Sub", "length", small(1))
    for step in range(STEPS):
        suffix, last = f" out {step}", step + 1 == STEPS
        past = pen.op("Add", start, small(step)) if step else start  # (B)
        column = pen.unsqueeze(past, 1)
        outputs = iter([info.name for info in cache_infos(layers, suffix)])
        given += cache_infos(layers, suffix)

        def attend(x: str, layer: str, pair: list[str]):
            heads = layers.heads(layer + "self_attn")
            packed = layers.packed_qkv(pen, x, layer, layers.qkv_bias(layer))
            names = [pen.fresh("attended"), next(outputs), next(outputs)]
            pen.microsoft("GroupQueryAttention", packed, "", "", *pair, past, "room", outputs=names, num_heads=heads,
                          kv_num_heads=heads)
            return names[0], names[1:]

        def hear(pen: Pen, layers: Layers, index: int, query: str, audio: Audio, bias: np.ndarray | None):
            if index in by_layer:
                return cross_attention(pen, layers, index, query, audio, bias)
            if int8:
                return int8_attention(pen, layers, index, query, bias, suffix, given)
            return grouped_attention(pen, layers, index, query, audio, bias, suffix, given)

        hidden, _, scores = decoder(pen, layers, ids, pen.op("Gather", table, column), [info.name for info in cache_infos(layers)],
                                    audio, attend, hear)
        logits = pen.op("Squeeze", layers.logits(pen, hidden), pen.integer([1]))
        logprob, token = best(pen, pen.op("LogSoftmax", pen.op("Add", logits, "mask"), axis=-1))
        ids = pen.op("Where", done, end, token, outputs=["ids out" if last else pen.fresh("ids")])
        done = pen.op("Or", done, pen.op("Equal", ids, end), outputs=["done out" if last else pen.fresh("done")])
        here = pen.op("Equal", column, before)  # (B, room)
        for name, value in (("history", ids), ("logprobs", logprob)):
            pen.op("Where", here, value, name, outputs=[name + suffix])
        given += histories(layers, suffix)
        if aligned:
            place = pen.unsqueeze(pen.op("Sub", pen.cast(pen.slice(past, 0, 1, 0), np.int64), "first"), 1)
        # Layers apart: onnxruntime joins tensors of several sizes by a table that it copies from the host
        for layer, score in zip(by_layer, scores, strict=True):
            flat = pen.op("Reshape", score, pen.integer([1, -1]))  # (1, B · heads · L)
            pen.op("ScatterElements", f"scores {layer}", pen.op("Expand", place, pen.op("Shape", flat)), flat, axis=0,
                   outputs=[f"scores {layer}{suffix}"])
            given.append(value_info(f"scores {layer}{suffix}", np.float32, ["S", f"N{layer}"]))
    pen.op("Add", start, small(STEPS + 1), outputs=["length out"])
    return taken, given


def grouped_attention(pen: Pen, layers: Layers, index: int, query: str, audio: Audio, bias: np.ndarray | None, suffix: str,
                      given: list) -> tuple[str, str]:
    """As cross_attention, by the kernel of self-attention, which spreads over the whole GPU however few rows there are. It
    first writes one more key and value, and what it is given are those that lie there already, of the last position."""
    attention = f"model.decoder.layers.{index}.encoder_attn"
    heads = layers.heads(attention)
    if bias is not None:
        query = pen.op("Add", query, layers.constant(pen, attention + ".q_proj.bias", bias))
    keys = f"audio key {index}{suffix}", f"audio value {index}{suffix}"
    attended = pen.fresh("attended")
    pen.microsoft("GroupQueryAttention", query, f"last key {index}", f"last value {index}",
                  *audio.keys_values[2 * index : 2 * index + 2], "last position", "positions", outputs=[attended, *keys],
                  num_heads=heads, kv_num_heads=heads)
    given.extend(value_info(name, layers.dtype, ["B", heads, "L", layers.head_size]) for name in keys)
    return attended, ""
