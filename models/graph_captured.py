"""Whisper for CUDA graphs, in graphs over one set of weights (README.md, On a GPU):

  begin    PCM → encoder → prompt → first token, and all steps that are not ordinary (graph_cuda.settling), in a Loop
  step     STEPS ordinary tokens for every row: no control flow, no value on the host, no shape that depends on the step, so
           that onnxruntime can capture its kernels once and start them all at once from then on
  finish   the tokens and scores that have come together → the outputs of the one graph that does it all

`step-aligned` has the alignment heads' scores, too: in their layers another kernel attends to the audio, and reads its keys
in an order of its own.

What passes from one to the next stays in the GPU's memory, with keys and values for the longest transcript, which every step
writes in place. The host fills the rest of its rows and counts the steps (functions/transcribe-gpu/devices/captured).
"""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import helper

from graph_choice import best
from graph_cuda import Prompt, aligned_heads, choose, joined, ordered, prompt_scores, read_prompt, settling, with_room
from graph_decoder import heads_by_layer
from graph_encoder import encode
from graph_linear import Layers
from graph_pen import INT64_MAX, Constants, Pen, value_info
from graph_step import Audio, cross_attention, decoder, plain_order, token_step
from graph_unrolled import loop_or_not, write_outputs

STEPS = 4  # a row may end within them: it runs on to the last
# Of one step, as the host lays them out
STATE = (("ids", np.int64, ["B", 1]), ("length", np.int32, ["B"]), ("done", bool, ["B", 1]))


def draw_captured(weights, dtype, inputs: list[onnx.ValueInfoProto]) -> list[tuple[str, onnx.GraphProto, dict[str, np.ndarray]]]:
    """File name, graph and constants of each graph; `inputs` are those of the graph that does it all."""
    drawn = []
    for kind in ("begin", "step", *(["step-aligned"] if weights.alignment_heads else []), "finish"):
        pen = Pen(Constants(store_half=False))
        layers = Layers(weights, dtype, "plain", fused=True)
        if kind == "begin":
            own = [value_info("room", np.int64, [1])]
            own += [value_info("key shape", np.int64, [5])] if weights.alignment_heads else []
            taken, given = [*inputs, *own], draw_begin(pen, layers)
        elif kind == "finish":
            taken, given = draw_finish(pen, layers, inputs)
        else:
            taken, given = draw_step(pen, layers, kind == "step-aligned")
        drawn.append((f"{kind}.onnx", helper.make_graph(pen.nodes, kind, taken, given, value_info=pen.types), pen.constants.arrays))
    return drawn


def places(layers: Layers) -> int:
    """Of tokens in a row: those that the last step's last trip may run on for, too."""
    return layers.weights.dimensions.text_context + STEPS


def layer_pairs(layers: Layers, attention: str) -> list[tuple[str, int, int]]:
    """("key 0", 0, heads) and so on, of every layer."""
    return [(f"{name} {index}", index, layers.heads(f"model.decoder.layers.{index}.{attention}"))
            for index in range(layers.weights.dimensions.decoder_layers) for name in ("key", "value")]


def cache_infos(layers: Layers, suffix: str = "") -> list[onnx.ValueInfoProto]:
    return [value_info(name + suffix, layers.dtype, ["B", heads, "R", layers.head_size])
            for name, _, heads in layer_pairs(layers, "self_attn")]


def audio_infos(layers: Layers, suffix: str = "") -> list[onnx.ValueInfoProto]:
    return [value_info(f"audio {name}{suffix}", layers.dtype, ["B", heads, "L", layers.head_size])
            for name, _, heads in layer_pairs(layers, "encoder_attn")]


def last_infos(layers: Layers, without: Iterable[int] = ()) -> list[onnx.ValueInfoProto]:
    """Keys and values of the last position of the audio; of all layers but those."""
    return [value_info(f"last {name}", layers.dtype, ["B", 1, heads * layers.head_size])
            for name, index, heads in layer_pairs(layers, "encoder_attn") if index not in without]


def histories(layers: Layers, suffix: str = "") -> list[onnx.ValueInfoProto]:
    room = places(layers)
    return [value_info("history" + suffix, np.int64, ["B", room]), value_info("logprobs" + suffix, np.float32, ["B", room])]


def draw_begin(pen: Pen, layers: Layers) -> list[onnx.ValueInfoProto]:
    """As graph_unrolled.generate_unrolled up to the first ordinary step. `count` tokens were chosen, the first included. The
    cache is made for `room` tokens; `key shape` says how keys of the audio are to lie in layers with alignment heads: [0, 0, -1,
    head size / x, x]."""
    end = layers.weights.tokens.end_of_text
    names = [info.name for info in cache_infos(layers)]
    heads = aligned_heads(pen, layers)
    prompt = read_prompt(pen, layers, encode(pen, layers, "pcm", None, None))
    rows, room = pen.length("prompt", 0), places(layers)
    row_count = pen.op("Squeeze", pen.cast(rows, np.float32))
    first, logprob = choose(pen, layers, prompt.logits, pen.integer([0]), "prompt")
    scored = first_scores(pen, layers, prompt, heads)

    def going(pen: Pen, done: str) -> str:
        return pen.op("Less", pen.op("ReduceSum", pen.cast(done, np.float32), keepdims=0), row_count)

    most = pen.op("ReduceMax", "max_new", keepdims=1)
    trips = pen.op("Min", pen.op("Sub", pen.length(settling(pen), 1), pen.length("prompt", 1)),
                   pen.op("Sub", most, pen.integer([1])))
    done = pen.op("Equal", first, pen.integer([[end]]))
    history = pen.concat("prompt", first, axis=1)
    wanted = pen.op("And", pen.scalar(pen.op("Greater", trips, pen.integer([0]))), going(pen, done))

    def loop(branch: Pen) -> list[str]:
        audio = Audio(ordered(branch, layers, prompt.pairs), heads)

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

        cache = with_room(branch, layers, prompt.cache, most)
        state = [("ids", np.int64, first), ("done", bool, done), ("history", np.int64, history),
                 *[(name, layers.dtype, value) for name, value in zip(names, cache, strict=True)]]
        last, scans = branch.loop(branch.op("Squeeze", trips), state, [np.float32] * (2 if heads else 1), special)
        plain = [last[name] if place % 2 else plain_order(branch, layers, last[name]) for place, name in enumerate(names)]
        return [last["ids"], last["done"], last["history"], *scans, *plain]

    def nothing(branch: Pen) -> list[str]:
        empty = [branch.filled(branch.concat(branch.integer([0]), branch.op("Shape", value), axis=0), np.float32(0))
                 for value in [logprob, *scored]]
        return [first, done, history, *empty, *prompt.cache]

    kinds = [np.int64, bool, np.int64] + [np.float32] * (1 + len(scored)) + [layers.dtype] * len(names)
    ids, done, history, scan, *rest = pen.branch(wanted, kinds, loop, nothing)
    pen.op("Identity", ids, outputs=["ids"])
    pen.op("Identity", done, outputs=["done"])
    pen.op("Identity", pen.slice("masks", -1, INT64_MAX, 0), outputs=["mask"])
    pen.op("Sub", pen.length(history, 1), pen.length("prompt", 1), outputs=["count"])
    unwritten = pen.concat(rows, pen.op("Sub", pen.integer([room]), pen.length(history, 1)), axis=0)
    pen.concat_as("history", history, pen.filled(unwritten, np.int64(end)), axis=1)
    before = pen.filled(pen.concat(rows, pen.length("prompt", 1), axis=0), np.float32(0))
    chosen = pen.op("Reshape", pen.op("Transpose", scan, perm=[1, 0, 2]), pen.concat(rows, pen.integer([-1]), axis=0))
    pen.concat_as("logprobs", before, logprob, chosen, pen.filled(unwritten, np.float32(0)), axis=1)
    for name, value in zip(names, rest[len(scored):], strict=True):
        missing = pen.op("Sub", "room", pen.length(value, 2))
        pen.op("Pad", value, pen.concat(pen.integer([0] * 6), missing, pen.integer([0]), axis=0), outputs=[name])
    outputs = [value_info("probe_prob", np.float32, ["B", "Q"]), value_info("count", np.int64, [1]),
               value_info("ids", np.int64, ["B", 1]), value_info("done", bool, ["B", 1]),
               value_info("mask", np.float32, [1, layers.weights.dimensions.vocabulary]),
               *histories(layers), *cache_infos(layers), *give_audio(pen, layers, prompt.pairs)]
    if scored:
        pen.concat_as("first scores", pen.unsqueeze(scored[0], 0), rest[0], axis=0)
        outputs.append(value_info("first scores", np.float32, ["T", "B", "H", 1, "L"]))
    return outputs


def first_scores(pen: Pen, layers: Layers, prompt: Prompt, heads: dict[int, str]) -> list[str]:
    """The alignment heads' scores (B, heads, 1, L) of the first token; without heads where nobody wants them."""
    if not heads:
        return []

    def wanted(branch: Pen) -> list[str]:
        audio = Audio(ordered(branch, layers, prompt.pairs, heads), heads)
        return joined(branch, prompt_scores(branch, layers, prompt, audio))

    def nothing(branch: Pen) -> list[str]:
        shape = branch.concat(branch.length("prompt", 0), branch.integer([0, 1]), branch.length(prompt.pairs[0], 1), axis=0)
        return [branch.filled(shape, np.float32(0))]

    return [pen.branch("alignment_on", [np.float32], wanted, nothing)]


def give_audio(pen: Pen, layers: Layers, pairs: list[str]) -> list[onnx.ValueInfoProto]:
    """pairs (B, L, heads · head size) → outputs as steps read them, in the last kernel's own memory: (B, heads, L, head size),
    and keys of layers with alignment heads (B, heads, head size / x, L, x), which the step takes for the same."""
    outputs, aligned = [], heads_by_layer(layers)
    for place, (info, last, value) in enumerate(zip(audio_infos(layers), last_infos(layers), pairs, strict=True)):
        if place % 2 == 0 and place // 2 in aligned:
            pen.op("Transpose", pen.op("Reshape", value, "key shape"), perm=[0, 2, 3, 1, 4], outputs=[info.name])
            outputs.append(value_info(info.name, layers.dtype, ["B", info.type.tensor_type.shape.dim[1].dim_value, "C", "L", "X"]))
        else:
            pen.op("Transpose", pen.op("Reshape", value, pen.integer([0, 0, -1, layers.head_size])), perm=[0, 2, 1, 3],
                   outputs=[info.name])
            outputs.append(info)
        pen.op("Slice", value, *map(pen.integer, ([-1], [INT64_MAX], [1], [1])), outputs=[last.name])
        outputs.append(last)
    return outputs


def draw_step(pen: Pen, layers: Layers, aligned: bool) -> tuple[list, list]:
    """STEPS tokens for every row. The host binds every output "X out N" to the memory of the input X. Small ones are read for
    the last time before they are written: all that asks for `length` asks for `past`, a copy of it. Of large ones each step
    writes what no other step does, or what the next one reads by way of the token between them."""
    tokens, vocabulary = layers.weights.tokens, layers.weights.dimensions.vocabulary
    taken = [*[value_info(*each) for each in STATE], value_info("mask", np.float32, [1, vocabulary]),
             value_info("room", np.int32, [1]), *histories(layers), *cache_infos(layers), *audio_infos(layers)]
    given = [value_info(f"{name} out", dtype, shape) for name, dtype, shape in STATE]
    by_layer = heads_by_layer(layers) if aligned else {}
    if grouped := last_infos(layers, by_layer):
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
