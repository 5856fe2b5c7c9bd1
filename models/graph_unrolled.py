"""Generation on CUDA, tried and not yet measured: several tokens a trip of the Loop, for machines whose processor starts kernels
slowly. `VARIANT` chooses it; test/bench/gpu/README.md says how it is compared with graph_cuda.py's loop, which models have.

What a trip saves for each token: an If and a Loop's turn, the wait for whether to go on, the end's bookkeeping (rows run on past
their end, and what they wrote there is taken away afterwards), and the alignment heads where nobody wants word times. Steps that
are not ordinary (graph_cuda.settling) have a Loop of their own, which most runs skip.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graph_alignment import fitted
from graph_choice import best
from graph_cuda import aligned_heads, choose, joined, ordered, prompt_scores, read_prompt, settling, with_room
from graph_linear import Layers
from graph_pen import INT64_MAX, Pen
from graph_step import Audio, token_step


@dataclass(frozen=True)
class Variant:
    tokens_per_trip: int = 0  # 0: graph_cuda.py
    half_logits: bool = False  # log-softmax and choice in the graph's own type
    masked_gemm: bool = False  # the last mask as what Gemm adds: a node less


VARIANT = Variant()
LEAST_HALF = -60_000.0


def generate_unrolled(pen: Pen, layers: Layers, hidden: str) -> None:
    """hidden (B, L, width) of the encoder → all outputs of the graph."""
    count, end = VARIANT.tokens_per_trip, layers.weights.tokens.end_of_text
    names = [f"{part} {index}" for index in range(layers.weights.dimensions.decoder_layers) for part in ("key", "value")]
    heads = aligned_heads(pen, layers)
    prompt = read_prompt(pen, layers, hidden)
    audio, logits = Audio(ordered(pen, layers, prompt.pairs), heads), prompt.logits
    scores = prompt_scores(pen, layers, prompt, audio)
    rows = pen.length("prompt", 0)
    row_count = pen.op("Squeeze", pen.cast(rows, np.float32))
    most = pen.op("ReduceMax", "max_new", keepdims=1)
    caches = with_room(pen, layers, prompt.cache, pen.op("Add", most, pen.integer([count])))

    def going(pen: Pen, done: str) -> str:
        return pen.op("Less", pen.op("ReduceSum", pen.cast(done, np.float32), keepdims=0), row_count)

    first, logprob = choose(pen, layers, logits, pen.integer([0]), "prompt")
    done = pen.op("Equal", first, pen.integer([[end]]))
    start = [("ids", np.int64, first), ("done", bool, done), ("history", np.int64, pen.concat("prompt", first, axis=1))]
    start += [(name, layers.dtype, cache) for name, cache in zip(names, caches, strict=True)]
    scored = joined(pen, scores)

    def special(body: Pen, _: str, now: dict[str, str]):
        length = body.length(now["history"], 1)
        hidden, cache, scores = token_step(body, layers, now["ids"], length, [now[name] for name in names], audio)
        logits = body.op("Squeeze", layers.logits(body, hidden), body.integer([1]))
        step = body.op("Sub", length, body.length("prompt", 1))
        token, logprob = choose(body, layers, logits, step, now["history"])
        token = body.op("Where", now["done"], body.integer([[end]]), token)
        done = body.op("Equal", token, body.integer([[end]]))
        following = {"ids": token, "done": done, "history": body.concat(now["history"], token, axis=1),
                     **dict(zip(names, cache, strict=True))}
        return going(body, done), following, [logprob] + joined(body, scores)

    left = pen.op("Sub", most, pen.integer([1]))
    trips = pen.op("Min", pen.op("Sub", pen.length(settling(pen), 1), pen.length("prompt", 1)), left)
    state, [first_logprobs, *first_scores] = loop_or_not(
        pen, trips, going(pen, done), start, special,
        [(np.float32, pen.concat(pen.integer([0]), pen.op("Shape", logprob), axis=0)),
         *[(np.float32, pen.concat(pen.integer([0]), pen.op("Shape", score), axis=0)) for score in scored]])

    narrow = VARIANT.half_logits and layers.dtype != np.float32
    mask = pen.slice("masks", -1, INT64_MAX, 0)
    small_mask = mask
    if layers.dtype != np.float32:
        small_mask = pen.cast(pen.op("Max", mask, pen.float32(LEAST_HALF)), layers.dtype)
    mask = small_mask if narrow else mask

    def masked_logits(body: Pen, hidden: str) -> str:
        if not VARIANT.masked_gemm:
            return body.op("Add", body.op("Squeeze", layers.logits(body, hidden, narrow), body.integer([1])), mask)
        embedding = layers.constant(body, layers.EMBEDDING + ".weight", layers.weight(layers.EMBEDDING))
        logits = body.op("Gemm", body.op("Squeeze", hidden, body.integer([1])), embedding, small_mask, transB=1)
        return logits if narrow or layers.dtype == np.float32 else body.cast(logits, np.float32)

    def ordinary(aligned: dict[int, str]):
        def draw(body: Pen, _: str, now: dict[str, str]):
            ids, cache = now["ids"], [now[name] for name in names]
            base = body.length(now["history"], 1)
            tokens, logprobs, attention = [], [], []
            for place in range(count):
                length = body.op("Add", base, body.integer([place])) if place else base
                hidden, cache, scores = token_step(body, layers, ids, length, cache, Audio(audio.keys_values, aligned), count)
                logprob, ids = best(body, body.op("LogSoftmax", masked_logits(body, hidden), axis=-1))
                tokens.append(ids)
                logprobs.append(logprob)
                attention += [body.unsqueeze(score, 0) for score in joined(body, scores)]
            chosen = body.concat(*tokens, axis=1) if count > 1 else tokens[0]  # (B, count)
            ends = body.cast(body.op("Equal", chosen, body.integer(end)), np.float32)
            ended = body.op("Greater", body.op("ReduceSum", ends, body.integer([1]), keepdims=1), body.float32(0.0))
            done = body.op("Or", now["done"], ended)
            following = {"ids": ids, "done": done, "history": body.concat(now["history"], chosen, axis=1),
                         **dict(zip(names, cache, strict=True))}
            together = [body.concat(*logprobs, axis=1) if count > 1 else logprobs[0]]
            if attention:
                together.append(body.concat(*attention, axis=0) if count > 1 else attention[0])
            return going(body, done), following, together
        return draw

    still = pen.op("Sub", left, pen.op("Sub", pen.length(state["history"], 1),
                                       pen.op("Add", pen.length("prompt", 1), pen.integer([1]))))
    trips = pen.op("Div", pen.op("Add", still, pen.integer([count - 1])), pen.integer([count]))
    kind = layers.dtype if narrow else np.float32
    starting = [(name, dtype, state[name]) for name, dtype, _ in start]
    logprobs_shape = (kind, pen.concat(pen.integer([0]), rows, pen.integer([count]), axis=0))

    def run(pen: Pen, aligned: dict[int, str]) -> list[str]:
        shapes = [logprobs_shape]
        if aligned:
            shapes.append((np.float32, pen.concat(pen.integer([0, count]), pen.op("Shape", scored[0]), axis=0)))
        last, scans = loop_or_not(pen, trips, going(pen, state["done"]), starting, ordinary(aligned), shapes)
        if heads and not aligned:
            scans.append(pen.filled(pen.integer([0, 0, 0, 0, 0, 0]), np.float32(0)))
        return [last["history"], *scans]

    kinds = [np.int64, kind] + ([np.float32] if heads else [])
    if heads:
        history, logprobs, *last_scores = pen.branch("alignment_on", kinds, lambda b: run(b, heads), lambda b: run(b, {}))
    else:
        (history, logprobs), last_scores = run(pen, {}), []
    if narrow:
        logprobs = pen.cast(logprobs, np.float32)

    def by_row(scan: str) -> str:  # (trips, B, tokens a trip) → (B, tokens)
        return pen.op("Reshape", pen.op("Transpose", scan, perm=[1, 0, 2]), pen.concat(rows, pen.integer([-1]), axis=0))

    all_logprobs = pen.concat(logprob, by_row(first_logprobs), by_row(logprobs), axis=1)

    def stacked(branch: Pen) -> str:
        first, special, ordinary = *scored, *first_scores, *last_scores
        flat = branch.op("Reshape", ordinary, branch.concat(branch.integer([-1]), branch.op("Shape", first), axis=0))
        return branch.concat(branch.unsqueeze(first, 0), special, flat, axis=0)

    write_outputs(pen, layers, history, all_logprobs, stacked if scored else None)


def loop_or_not(pen: Pen, trips: str, going: str, state, draw, scans):
    """A Loop that may have no trip at all: then `scans`, (dtype, shape) each, says what it would have stacked up."""
    wanted = pen.op("And", pen.scalar(pen.op("Greater", trips, pen.integer([0]))), going)
    names, kinds = [name for name, _, _ in state], [dtype for _, dtype, _ in state] + [dtype for dtype, _ in scans]

    def loop(branch: Pen) -> list[str]:
        final, stacked = branch.loop(branch.op("Squeeze", trips), state, [dtype for dtype, _ in scans], draw)
        return [final[name] for name in names] + stacked

    def nothing(branch: Pen) -> list[str]:
        return [value for _, _, value in state] + [branch.filled(shape, np.dtype(dtype).type(0)) for dtype, shape in scans]

    values = list(pen.branch(wanted, kinds, loop, nothing))
    return dict(zip(names, values)), values[len(names):]


def write_outputs(pen: Pen, layers: Layers, history: str, logprobs: str, stacked: Callable[[Pen], str] | None) -> None:
    """history (B, P + n) and logprobs (B, n) of all tokens; `stacked` draws the alignment scores (n, B, heads, 1, L)."""
    end = layers.weights.tokens.end_of_text
    most = pen.op("Min", pen.length(logprobs, 1), pen.op("ReduceMax", "max_new", keepdims=1))
    start = pen.length("prompt", 1)
    written = pen.slice(history, start, pen.op("Add", start, most), 1)
    ends = pen.cast(pen.op("Equal", written, pen.integer(end)), np.float32)
    over = pen.op("Greater", pen.op("CumSum", ends, pen.integer(1), exclusive=1), pen.float32(0.0))
    steps = pen.unsqueeze(pen.op("Range", pen.integer(0), pen.op("Squeeze", most), pen.integer(1)), 0)
    gone = pen.op("Or", over, pen.op("GreaterOrEqual", steps, pen.unsqueeze("max_new", 1)))
    lengths = pen.op("ReduceSum", pen.cast(pen.op("Not", gone), np.float32), pen.integer([1]), keepdims=0)
    total = pen.op("ReduceMax", pen.cast(lengths, np.int64), keepdims=1)
    gone, steps = (pen.slice(value, 0, total, 1) for value in (gone, steps))
    chosen = pen.op("Where", gone, pen.integer([[end]]), pen.slice(written, 0, total, 1))
    pen.op("Identity", chosen, outputs=["tokens"])
    pen.op("Where", gone, pen.float32(0.0), pen.slice(logprobs, 0, total, 1), outputs=["token_logprob"])
    if stacked is None:
        return
    count = len(layers.weights.alignment_heads)

    def fits(branch: Pen) -> list[str]:
        scores = branch.slice(stacked(branch), 0, total, 0)
        chose = branch.op("And", branch.op("LessOrEqual", chosen, branch.integer(end)),
                          branch.op("GreaterOrEqual", steps, branch.length("forced", 0)))
        return [fitted(branch, layers.dtype, scores, branch.op("And", chose, branch.op("Not", gone)), count)]

    def nothing(branch: Pen) -> list[str]:
        return [branch.filled(branch.concat(total, branch.length("prompt", 0), branch.integer([0]), axis=0), np.int16(0))]

    pen.op("Identity", pen.branch("alignment_on", [np.int16], fits, nothing), outputs=["alignment_scores"])
