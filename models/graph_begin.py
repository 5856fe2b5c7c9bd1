"""Up to the first ordinary step: the first of the graphs of graph_captured.py."""
from __future__ import annotations

import numpy as np
import onnx

from captured_values import cache_infos, histories, places
from graph_audio_cache import give_audio, give_int8_audio
from graph_cuda import Prompt, aligned_heads, choose, joined, ordered, prompt_scores, read_prompt, settling, with_room
from graph_encoder import encode
from graph_linear import Layers
from graph_pen import INT64_MAX, Pen, value_info
from graph_step import Audio, plain_order, token_step


def draw_begin(pen: Pen, layers: Layers, int8: bool) -> list[onnx.ValueInfoProto]:
    """As graph_cuda.generate_cuda up to the first ordinary step. `count` tokens were chosen, the first included. The
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
               *histories(layers), *cache_infos(layers), *(give_int8_audio if int8 else give_audio)(pen, layers, prompt.pairs)]
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
