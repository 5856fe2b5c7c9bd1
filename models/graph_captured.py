"""Whisper for CUDA graphs, in three graphs over one set of weights (README.md, On a GPU):

  begin   PCM → encoder → prompt → first token, and all steps that are not ordinary (graph_cuda.settling), in a Loop
  step    one ordinary token for every row: no control flow, no value on the host, no shape that depends on the step, so that
          onnxruntime can capture its kernels once and start them all at once from then on
  finish  the tokens and scores that have come together → the outputs of the one graph that does it all

What passes from one to the next stays in the GPU's memory: layers of keys and values as large as the longest transcript, which
every step writes in place. The host fills the rest of its rows and counts the steps (functions/transcribe-gpu/devices).
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from graph_choice import best
from graph_cuda import aligned_heads, choose, joined, read_prompt, settling, with_room
from graph_decoder import heads_by_layer
from graph_encoder import encode
from graph_linear import Layers
from graph_pen import INT64_MAX, Constants, Pen, value_info
from graph_step import Audio, decoder, plain_order, token_step
from graph_unrolled import loop_or_not, write_outputs

FILES = ("begin.onnx", "step.onnx", "step-aligned.onnx", "finish.onnx")
# Of one step, as the host lays them out
STATE = (("ids", np.int64, ["B", 1]), ("length", np.int32, ["B"]), ("done", bool, ["B", 1]))


def draw_captured(weights, dtype, inputs: list[onnx.ValueInfoProto]) -> list[tuple[str, onnx.GraphProto, dict[str, np.ndarray]]]:
    """File name, graph and constants of each graph; `inputs` are those of the graph that does it all."""
    drawn = []
    kinds = ("begin", "step", "step-aligned", "finish") if weights.alignment_heads else ("begin", "step", "finish")
    for kind in kinds:
        pen = Pen(Constants(store_half=False))
        layers = Layers(weights, dtype, "plain", fused=True)
        if kind == "begin":
            taken, given = inputs, draw_begin(pen, layers)
        elif kind == "finish":
            taken, given = draw_finish(pen, layers, inputs)
        else:
            taken, given = draw_step(pen, layers, kind == "step-aligned")
        drawn.append((f"{kind}.onnx", helper.make_graph(pen.nodes, kind, taken, given, value_info=pen.types), pen.constants.arrays))
    return drawn


def cache_infos(layers: Layers, suffix: str = "") -> list[onnx.ValueInfoProto]:
    room = layers.weights.dimensions.text_context
    return [value_info(f"{name}{suffix}", layers.dtype, ["B", layers.heads(f"model.decoder.layers.{index}.self_attn"), room,
                                                         layers.head_size])
            for index in range(layers.weights.dimensions.decoder_layers) for name in (f"key {index}", f"value {index}")]


def audio_infos(layers: Layers) -> list[onnx.ValueInfoProto]:
    return [value_info(f"audio {name}", layers.dtype, ["B", layers.heads(f"model.decoder.layers.{index}.encoder_attn"), "L",
                                                       layers.head_size])
            for index in range(layers.weights.dimensions.decoder_layers) for name in (f"key {index}", f"value {index}")]


def histories(layers: Layers, suffix: str = "") -> list[onnx.ValueInfoProto]:
    room = layers.weights.dimensions.text_context
    return [value_info("history" + suffix, np.int64, ["B", room]), value_info("logprobs" + suffix, np.float32, ["B", room])]


def draw_begin(pen: Pen, layers: Layers) -> list[onnx.ValueInfoProto]:
    """As graph_unrolled.generate_unrolled up to the first ordinary step. `count` tokens were chosen, the first included."""
    end, room = layers.weights.tokens.end_of_text, layers.weights.dimensions.text_context
    names = [info.name for info in cache_infos(layers)]
    heads = aligned_heads(pen, layers)
    audio, logits, prompt_cache, scores = read_prompt(pen, layers, encode(pen, layers, "pcm", None, None), heads)
    rows = pen.length("prompt", 0)
    row_count = pen.op("Squeeze", pen.cast(rows, np.float32))
    first, logprob = choose(pen, layers, logits, pen.integer([0]), "prompt")
    scored = joined(pen, scores)

    def going(pen: Pen, done: str) -> str:
        return pen.op("Less", pen.op("ReduceSum", pen.cast(done, np.float32), keepdims=0), row_count)

    def special(body: Pen, _: str, now: dict[str, str]):
        length = body.length(now["history"], 1)
        hidden, cache, scores = token_step(body, layers, now["ids"], length, [now[name] for name in names], audio)
        logits = body.op("Squeeze", layers.logits(body, hidden), body.integer([1]))
        token, logprob = choose(body, layers, logits, body.op("Sub", length, body.length("prompt", 1)), now["history"])
        token = body.op("Where", now["done"], body.integer([[end]]), token)
        done = body.op("Equal", token, body.integer([[end]]))
        following = {"ids": token, "done": done, "history": body.concat(now["history"], token, axis=1),
                     **dict(zip(names, cache, strict=True))}
        return going(body, done), following, [logprob] + joined(body, scores)

    most = pen.op("ReduceMax", "max_new", keepdims=1)
    trips = pen.op("Min", pen.op("Sub", pen.length(settling(pen), 1), pen.length("prompt", 1)),
                   pen.op("Sub", most, pen.integer([1])))
    done = pen.op("Equal", first, pen.integer([[end]]))
    history = pen.concat("prompt", first, axis=1)
    wanted = pen.op("And", pen.scalar(pen.op("Greater", trips, pen.integer([0]))), going(pen, done))

    def loop(branch: Pen) -> list[str]:
        cache = with_room(branch, layers, prompt_cache, most)
        state = [("ids", np.int64, first), ("done", bool, done), ("history", np.int64, history),
                 *[(name, layers.dtype, value) for name, value in zip(names, cache, strict=True)]]
        last, scans = branch.loop(branch.op("Squeeze", trips), state, [np.float32] * (2 if scored else 1), special)
        plain = [last[name] if place % 2 else plain_order(branch, layers, last[name]) for place, name in enumerate(names)]
        return [last["ids"], last["done"], last["history"], *scans, *plain]

    def nothing(branch: Pen) -> list[str]:
        empty = [branch.filled(branch.concat(branch.integer([0]), branch.op("Shape", value), axis=0), np.float32(0))
                 for value in [logprob, *scored]]
        return [first, done, history, *empty, *prompt_cache]

    kinds = [np.int64, bool, np.int64] + [np.float32] * (1 + len(scored)) + [layers.dtype] * len(names)
    ids, done, history, scan, *rest = pen.branch(wanted, kinds, loop, nothing)
    pen.op("Identity", ids, outputs=["ids"])
    pen.op("Identity", done, outputs=["done"])
    pen.op("Identity", pen.slice("masks", -1, INT64_MAX, 0), outputs=["mask"])
    pen.op("Sub", pen.length(history, 1), pen.length("prompt", 1), outputs=["count"])
    left = pen.op("Sub", pen.integer([room]), pen.length(history, 1))
    unwritten = pen.concat(rows, left, axis=0)
    pen.concat_as("history", history, pen.filled(unwritten, np.int64(end)), axis=1)
    before = pen.filled(pen.concat(rows, pen.length("prompt", 1), axis=0), np.float32(0))
    chosen = pen.op("Reshape", pen.op("Transpose", scan, perm=[1, 0, 2]), pen.concat(rows, pen.integer([-1]), axis=0))
    pen.concat_as("logprobs", before, logprob, chosen, pen.filled(unwritten, np.float32(0)), axis=1)
    for name, value in zip(names, rest[len(scored):], strict=True):
        missing = pen.op("Sub", pen.integer([room]), pen.length(value, 2))
        pen.op("Pad", value, pen.concat(pen.integer([0] * 6), missing, pen.integer([0]), axis=0), outputs=[name])
    for info, value in zip(audio_infos(layers), audio.keys_values, strict=True):
        pen.op("Identity", value, outputs=[info.name])
    outputs = [value_info("probe_prob", np.float32, ["B", "Q"]), value_info("count", np.int64, [1]),
               value_info("ids", np.int64, ["B", 1]), value_info("done", bool, ["B", 1]),
               value_info("mask", np.float32, [1, layers.weights.dimensions.vocabulary]), *histories(layers), *cache_infos(layers), *audio_infos(layers)]
    if scored:
        pen.concat_as("first scores", pen.unsqueeze(scored[0], 0), rest[0], axis=0)
        outputs.append(value_info("first scores", np.float32, ["T", "B", "H", 1, "L"]))
    return outputs


def draw_step(pen: Pen, layers: Layers, aligned: bool) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """One token for every row. The host binds an output "X out" to the memory of the input X, so each is read for the last
    time before it is written: all that asks for `length` asks for `past`, a copy of it."""
    tokens, room = layers.weights.tokens, layers.weights.dimensions.text_context
    cache, audio = cache_infos(layers), audio_infos(layers)
    taken = [*[value_info(*each) for each in STATE], value_info("mask", np.float32, [1, layers.weights.dimensions.vocabulary]),
             *histories(layers), *cache, *audio]
    given = [*[value_info(f"{name} out", dtype, shape) for name, dtype, shape in STATE], *histories(layers, " out"),
             *cache_infos(layers, " out")]

    def small(name: str, value) -> str:
        return pen.constants.add(name, np.array(value, np.int32))

    past = pen.op("Sub", "length", small("int32 1", 1))  # (B)
    column = pen.unsqueeze(past, 1)
    table = layers.constant(pen, "model.decoder.positions", layers.weight("model.decoder.embed_positions"))
    place = pen.op("Gather", table, column)  # (B, 1, width)
    names = iter(cache_infos(layers, " out"))

    def attend(x: str, layer: str, pair: list[str]):
        heads = layers.heads(layer + "self_attn")
        packed = layers.packed_qkv(pen, x, layer, layers.qkv_bias(layer))
        outputs = [pen.fresh("attended"), next(names).name, next(names).name]
        # Keys lie in plain order; `past` of them are there; room is what the host is told to be the longest
        pen.microsoft("GroupQueryAttention", packed, "", "", *pair, past, small("room", room), outputs=outputs,
                      num_heads=heads, kv_num_heads=heads)
        return outputs[0], outputs[1:]

    by_layer = heads_by_layer(layers) if aligned else {}
    chosen_heads = {layer: pen.constants.add(f"aligned heads {layer}", np.array(heads, np.int64)) for layer, heads in by_layer.items()}
    hidden, _, scores = decoder(pen, layers, "ids", place, [info.name for info in cache],
                                Audio([info.name for info in audio], chosen_heads), attend)
    logits = pen.op("Squeeze", layers.logits(pen, hidden), pen.integer([1]))
    logprob, token = best(pen, pen.op("LogSoftmax", pen.op("Add", logits, "mask"), axis=-1))
    pen.op("Where", "done", pen.integer([[tokens.end_of_text]]), token, outputs=["ids out"])
    pen.op("Or", "done", pen.op("Equal", "ids out", pen.integer([[tokens.end_of_text]])), outputs=["done out"])
    here = pen.op("Equal", column, small("places before", np.arange(room)[None] - 1))  # (B, room)
    pen.op("Where", here, "ids out", "history", outputs=["history out"])
    pen.op("Where", here, logprob, "logprobs", outputs=["logprobs out"])
    pen.op("Add", past, small("int32 2", 2), outputs=["length out"])
    if not aligned:
        return taken, given
    taken.append(value_info("first", np.int64, [1]))
    step = pen.unsqueeze(pen.op("Sub", pen.cast(pen.slice(past, 0, 1, 0), np.int64), "first"), 1)
    # Layers apart: onnxruntime joins tensors of several sizes by a table that it copies from the host
    for layer, score in zip(by_layer, scores, strict=True):
        taken.append(value_info(f"scores {layer}", np.float32, ["S", f"N{layer}"]))
        given.append(value_info(f"scores {layer} out", np.float32, ["S", f"N{layer}"]))
        flat = pen.op("Reshape", score, pen.integer([1, -1]))  # (1, B · heads · L)
        pen.op("ScatterElements", f"scores {layer}", pen.op("Expand", step, pen.op("Shape", flat)), flat, axis=0,
               outputs=[f"scores {layer} out"])
    return taken, given


def draw_finish(pen: Pen, layers: Layers, inputs: list[onnx.ValueInfoProto]) -> tuple[list, list]:
    """`count` tokens of each row; `scores` have room for more steps, and rows that the host has added."""
    wanted = ("prompt", "max_new", "forced", *(("audio_positions", "alignment_on") if layers.weights.alignment_heads else ()))
    taken = [info for info in inputs if info.name in wanted]
    taken += [*histories(layers), value_info("count", np.int64, [1])]
    start = pen.length("prompt", 1)
    stop = pen.op("Add", start, "count")
    given = [value_info("tokens", np.int64, ["B", "S"]), value_info("token_logprob", np.float32, ["B", "S"])]
    stacked = None
    if layers.weights.alignment_heads:
        by_layer = heads_by_layer(layers)
        taken += [value_info("first scores", np.float32, ["T", "B", "H", 1, "L"]),
                  *[value_info(f"scores {layer}", np.float32, ["S", "R", f"H{layer}", 1, "L"]) for layer in by_layer]]
        given.append(value_info("alignment_scores", np.int16, ["S", "B", "L"]))

        def stacked(branch: Pen) -> str:
            steps = branch.op("Sub", "count", branch.length("first scores", 0))
            parts = [branch.slice(branch.slice(f"scores {layer}", 0, steps, 0), 0, branch.length("first scores", 1), 1)
                     for layer in by_layer]
            later = branch.concat(*parts, axis=2) if len(parts) > 1 else parts[0]
            return branch.concat("first scores", later, axis=0)

    write_outputs(pen, layers, pen.slice("history", 0, stop, 1), pen.slice("logprobs", start, stop, 1), stacked)
    return taken, given
