"""Generation on CUDA: the prompt on its own, then a Loop of which every step is one token.

A step costs what it reads and how many kernels it starts, so it has 75 nodes, most of them in graph_step.py. Whatever decides
about the way (is this step an ordinary one? how long are the rows?) is asked of shapes of tensors, for onnxruntime keeps
shapes on the host: a value would have to be fetched from the GPU, which would have nothing to do in the meantime.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from graph_alignment import fitted
from graph_choice import TimestampState, apply_timestamp_rules, best, greedy, sample
from graph_decoder import decode_step, heads_by_layer
from graph_linear import Layers
from graph_pen import INT64_MAX, Pen
from graph_step import Audio, cross_attention, reordered, split_heads, token_step

NEVER = 1 << 30


def generate_cuda(pen: Pen, layers: Layers, hidden: str) -> None:
    """hidden (B, L, width) of the encoder → all outputs of the graph."""
    names = [f"{part} {index}" for index in range(layers.weights.dimensions.decoder_layers) for part in ("key", "value")]
    heads = aligned_heads(pen, layers)
    prompt = read_prompt(pen, layers, hidden)
    audio, logits = Audio(ordered(pen, layers, prompt.pairs), heads), prompt.logits
    scores = prompt_scores(pen, layers, prompt, audio)
    caches = with_room(pen, layers, prompt.cache, pen.op("ReduceMax", "max_new", keepdims=1))
    settled = settling(pen)
    last_mask = pen.slice("masks", -1, INT64_MAX, 0)
    row_count = pen.op("Squeeze", pen.cast(pen.length("prompt", 0), np.float32))
    end = layers.weights.tokens.end_of_text

    def ended(pen: Pen, token: str) -> tuple[str, str]:
        """token (B, 1) → which rows are at their end, and whether any is not."""
        done = pen.op("Equal", token, pen.integer([[end]]))
        return done, pen.op("Less", pen.op("ReduceSum", pen.cast(done, np.float32), keepdims=0), row_count)

    first, logprob = choose(pen, layers, logits, pen.integer([0]), "prompt")
    done, going = ended(pen, first)
    state = [("ids", np.int64, first), ("done", bool, done), ("history", np.int64, pen.concat("prompt", first, axis=1))]
    state += [(name, layers.dtype, cache) for name, cache in zip(names, caches, strict=True)]

    def draw(body: Pen, _: str, now: dict[str, str]):
        length = body.length(now["history"], 1)
        hidden, cache, scores = token_step(body, layers, now["ids"], length, [now[name] for name in names], audio)
        logits = body.op("Squeeze", layers.logits(body, hidden), body.integer([1]))

        def ordinary(branch: Pen) -> list[str]:
            logprob, token = best(branch, branch.op("LogSoftmax", branch.op("Add", logits, last_mask), axis=-1))
            return [token, logprob]

        def other(branch: Pen) -> list[str]:
            return choose(branch, layers, logits, branch.op("Sub", length, branch.length("prompt", 1)), now["history"])

        is_ordinary = body.op("Less", body.length(settled, 1), length)
        token, logprob = body.branch(is_ordinary, [np.int64, np.float32], ordinary, other)
        token = body.op("Where", now["done"], body.integer([[end]]), token)
        done, going = ended(body, token)
        following = {"ids": token, "done": done, "history": body.concat(now["history"], token, axis=1),
                     **dict(zip(names, cache, strict=True))}
        return going, following, [logprob] + joined(body, scores)

    # One step is always taken: onnxruntime does not know the shape of what a Loop without any would have stacked up
    trips = pen.op("Max", pen.op("Sub", pen.op("ReduceMax", "max_new", keepdims=0), pen.integer(1)), pen.integer(1))
    final, scans = pen.loop(trips, state, [np.float32] * (2 if heads else 1), draw)
    write_outputs(pen, layers, final["history"], going, [logprob] + joined(pen, scores), scans)


@dataclass(frozen=True)
class Prompt:
    """What reading it leaves."""

    pairs: list[str]  # key, value of the audio per layer, each (B, L, heads · head size)
    queries: dict[int, str]  # layer → what it asked of the audio, (B, P, heads · head size)
    logits: str  # (B, V) of the last token
    cache: list[str]  # key, value per layer, each (B, heads, P, head size)


def read_prompt(pen: Pen, layers: Layers, hidden: str) -> Prompt:
    """hidden (B, L, width) of the encoder. Writes `probe_prob`."""
    rows, count = pen.length("prompt", 0), layers.weights.dimensions.decoder_layers
    attentions = [f"model.decoder.layers.{index}.encoder_attn" for index in range(count)]
    pairs = [layers.linear(pen, hidden, f"{attention}.{name}_proj") for attention in attentions for name in "kv"]
    empty = [pen.filled(pen.concat(rows, pen.integer([layers.heads(f"model.decoder.layers.{index}.self_attn"), 0,
                                                      layers.head_size]), axis=0), layers.dtype.type(0))
             for index in range(count) for _ in "kv"]
    queries: dict[int, str] = {}

    def attend(index: int, query: str) -> str:
        queries[index] = query
        return pen.microsoft("MultiHeadAttention", query, *pairs[2 * index : 2 * index + 2], num_heads=layers.heads(attentions[index]))

    x, cache = decode_step(pen, layers, "prompt", empty, attend)
    start = pen.op("Reshape", "sot_index", pen.integer([1]))
    logits = layers.logits(pen, pen.op("Gather", x, pen.concat(pen.integer([-1]), start, axis=0), axis=1))  # (B, 2, V)
    at_start = pen.op("Softmax", pen.op("Gather", logits, pen.integer(1), axis=1), axis=-1)
    pen.op("Gather", at_start, "probe_ids", axis=1, outputs=["probe_prob"])
    return Prompt(pairs, queries, pen.op("Gather", logits, pen.integer(0), axis=1), cache)


def ordered(pen: Pen, layers: Layers, pairs: list[str], wanted: Iterable[int] | None = None) -> list[str]:
    """Prompt's `pairs` as steps read them, each (B, heads, L, head size): only keys lie in an order of their own. `wanted`:
    of these layers alone."""
    chosen = [place for place in range(len(pairs)) if wanted is None or place // 2 in wanted]
    return [("" if place not in chosen else split_heads(pen, layers, value) if place % 2 else reordered(pen, layers, value, True))
            for place, value in enumerate(pairs)]


def prompt_scores(pen: Pen, layers: Layers, prompt: Prompt, audio: Audio) -> list[str]:
    """The alignment heads' scores of the prompt's last token, (B, n, 1, L) for each layer that has them."""
    return [pen.op("Gather", cross_attention(pen, layers, layer, pen.slice(prompt.queries[layer], -1, INT64_MAX, 1), audio, None)[1],
                   picked, axis=1) for layer, picked in audio.aligned_heads.items()]


def with_room(pen: Pen, layers: Layers, cache: list[str], tokens: str) -> list[str]:
    """The cache (key, value per layer) with room for so many tokens more (int64 [1]), keys as `reordered` leaves them."""
    room = pen.concat(pen.integer([0] * 6), tokens, pen.integer([0]), axis=0)
    padded = [pen.op("Pad", value, room) for value in cache]
    return [value if place % 2 else reordered(pen, layers, value, False) for place, value in enumerate(padded)]


def aligned_heads(pen: Pen, layers: Layers) -> dict[int, str]:
    on = pen.op("Reshape", pen.cast("alignment_on", np.int64), pen.integer([1]))
    # Constants of their own: one that also serves as a place to slice at would lie on the host
    return {layer: pen.slice(pen.constants.add(f"aligned heads {layer}", np.array(heads, np.int64)), 0,
                             pen.op("Mul", on, pen.integer([len(heads)])), 0)
            for layer, heads in heads_by_layer(layers).items()}


def joined(pen: Pen, scores: list[str]) -> list[str]:
    return [scores[0] if len(scores) == 1 else pen.concat(*scores, axis=1)] if scores else []


def settling(pen: Pen) -> str:
    """A tensor (0, n): once rows are longer than n tokens, every step is ordinary, that is greedy, under the last mask, and
    free of timestamps and forced tokens."""
    warm = pen.op("Or", "timestamps", any_warm(pen))
    steps = pen.op("Max", pen.length("forced", 0), pen.op("Sub", pen.length("masks", 0), pen.integer([1])))
    length = pen.op("Sub", pen.op("Add", pen.length("prompt", 1), steps), pen.integer([1]))
    never = pen.op("Reshape", pen.op("Mul", pen.cast(warm, np.int64), pen.integer(NEVER)), pen.integer([1]))
    return pen.filled(pen.concat(pen.integer([0]), pen.op("Max", length, never), axis=0), np.float32(0))


def any_warm(pen: Pen) -> str:
    warm = pen.cast(pen.op("Greater", "temperature", pen.float32(0.0)), np.int64)
    return pen.cast(pen.op("ReduceMax", warm, keepdims=0), bool)


def choose(pen: Pen, layers: Layers, logits: str, step: str, history: str) -> list[str]:
    """Any step: logits (B, V) float32, step int64 [1], history (B, P + step) → token and log-probability, both (B, 1)."""
    tokens, vocabulary = layers.weights.tokens, layers.weights.dimensions.vocabulary
    row = pen.op("Min", step, pen.op("Sub", pen.length("masks", 0), pen.integer([1])))
    masked = pen.op("Add", logits, pen.slice("masks", row, pen.op("Add", row, pen.integer([1])), 0))

    def ruled(branch: Pen) -> list[str]:
        first = branch.op("Equal", step, branch.length("forced", 0))
        times = times_so_far(branch, history, step, tokens)
        return [apply_timestamp_rules(branch, masked, times, first, tokens, vocabulary)]

    def sampled(branch: Pen) -> list[str]:
        columns = [branch.unsqueeze(name, 1) for name in ("temperature", "seed")]
        return list(sample(branch, allowed, *columns, step, vocabulary))

    allowed = pen.branch("timestamps", [np.float32], ruled, lambda _: [masked])
    token, logprob = pen.branch(any_warm(pen), [np.int64, np.float32], sampled, lambda b: list(greedy(b, allowed)))

    def forced(branch: Pen) -> list[str]:
        wanted = branch.slice("forced", step, branch.op("Add", step, branch.integer([1])), 0)
        given = branch.op("GreaterOrEqual", wanted, branch.integer(0))
        return [branch.op("Where", given, wanted, token), branch.op("Where", given, branch.float32(0.0), logprob)]

    is_forced = pen.op("Less", step, pen.length("forced", 0))
    return list(pen.branch(is_forced, [np.int64, np.float32], forced, lambda _: [token, logprob]))


def times_so_far(pen: Pen, history: str, step: str, tokens) -> TimestampState:
    """What the timestamp rules ask of history (B, P + step). Text counts as a time before all others."""
    none = pen.op("Expand", pen.integer([[-1]]), pen.concat(pen.length(history, 0), pen.integer([2]), axis=0))
    chosen = pen.concat(none, pen.slice(history, pen.length("prompt", 1), INT64_MAX, 1), axis=1)  # (B, 2 + step)
    last, before = (pen.op("GreaterOrEqual", pen.op("Gather", chosen, pen.integer([place]), axis=1),
                           pen.integer([[tokens.timestamp_begin]])) for place in (-1, -2))
    # Nothing stands before the second token that is chosen
    early = pen.op("LessOrEqual", step, pen.op("Add", pen.length("forced", 0), pen.integer([1])))
    return TimestampState(pen.op("ReduceMax", chosen, pen.integer([1]), keepdims=1), last, pen.op("Or", before, early))


def write_outputs(pen: Pen, layers: Layers, history: str, going: str, first: list[str], scans: list[str]) -> None:
    """`first` and `scans` are log-probabilities and alignment scores of the first token and of those after it."""
    end = layers.weights.tokens.end_of_text
    rows, start = pen.length("prompt", 0), pen.length("prompt", 1)
    taken = pen.op("Mul", pen.length(scans[0], 0), pen.op("Reshape", pen.cast(going, np.int64), pen.integer([1])))
    total = pen.op("Min", pen.op("Add", taken, pen.integer([1])), pen.op("ReduceMax", "max_new", keepdims=1))
    logprobs, *scores = [pen.slice(pen.concat(pen.unsqueeze(one, 0), scan, axis=0), 0, total, 0)
                         for one, scan in zip(first, scans, strict=True)]
    # Rows ran on past their own limits as long as another had not reached its end
    steps = pen.unsqueeze(pen.op("Range", pen.integer(0), pen.op("Squeeze", total), pen.integer(1)), 0)
    spent = pen.op("GreaterOrEqual", steps, pen.unsqueeze("max_new", 1))
    chosen = pen.op("Where", spent, pen.integer([[end]]), pen.slice(history, start, pen.op("Add", start, total), 1))
    pen.op("Identity", chosen, outputs=["tokens"])
    # After its end a row has nothing to score
    before = pen.slice(pen.op("Equal", chosen, pen.integer(end)), 0, -1, 1)
    over = pen.cast(pen.op("Pad", pen.cast(before, np.float32), pen.integer([0, 1, 0, 0])), bool)
    logprobs = pen.op("Transpose", pen.op("Squeeze", logprobs, pen.integer([2])), perm=[1, 0])
    pen.op("Where", pen.op("Or", over, spent), pen.float32(0.0), logprobs, outputs=["token_logprob"])
    if not scores:
        return

    heads = len(layers.weights.alignment_heads)

    def fits(branch: Pen) -> list[str]:
        chose = branch.op("And", branch.op("LessOrEqual", chosen, branch.integer(end)),
                          branch.op("GreaterOrEqual", steps, branch.length("forced", 0)))
        wanted = branch.op("And", chose, branch.op("Not", branch.op("Or", over, spent)))
        return [fitted(branch, layers.dtype, scores[0], wanted, heads)]

    def nothing(branch: Pen) -> list[str]:
        return [branch.filled(branch.concat(total, rows, branch.integer([0]), axis=0), np.int16(0))]

    pen.op("Identity", pen.branch("alignment_on", [np.int16], fits, nothing), outputs=["alignment_scores"])
