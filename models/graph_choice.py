"""From logits to the next token: Whisper's timestamp rules, greedy choice or seeded sampling.

TopK, not ArgMax or ReduceMax, finds the best token: the other two are slow in onnxruntime on (B, 51865), on CUDA by 3–7 ms.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph_pen import INT64_MAX, Pen

FORBIDDEN = -1e9
FIRST_TIMESTAMP_LIMIT = 50  # × 20 ms: openai/whisper's max_initial_timestamp of 1 s


@dataclass(frozen=True)
class TimestampState:
    last: str  # int64 (B, 1): the highest timestamp so far, or -1
    after_one: str  # bool (B, 1): the last token was a timestamp
    after_two: str  # bool (B, 1): so was the one before, or there is none


def apply_timestamp_rules(pen: Pen, logits: str, state: TimestampState, first: str, tokens, vocabulary: int) -> str:
    """openai/whisper's ApplyTimestampRules on logits (B, V); `first` is true at the first token that is chosen."""
    begin = tokens.timestamp_begin
    ids = pen.constants.add("vocabulary", np.arange(vocabulary, dtype=np.int64)[None])
    is_timestamp = pen.op("GreaterOrEqual", ids, pen.integer([[begin]]))
    is_text = pen.op("Less", ids, pen.integer([[tokens.end_of_text]]))
    text_due = pen.op("And", state.after_one, state.after_two)
    timestamp_due = pen.op("And", state.after_one, pen.op("Not", state.after_two))
    # Times never go back; one may be repeated only where it closes one span and opens the next
    lowest = pen.op("Where", timestamp_due, state.last, pen.op("Add", state.last, pen.integer(1)))
    backwards = pen.op("And", pen.op("GreaterOrEqual", state.last, pen.integer(0)),
                       pen.op("And", is_timestamp, pen.op("Less", ids, lowest)))
    late = pen.op("Greater", ids, pen.integer([[begin + FIRST_TIMESTAMP_LIMIT]]))
    bad_start = pen.op("And", first, pen.op("Or", pen.op("Not", is_timestamp), late))
    wrong_kind = pen.op("Or", pen.op("And", text_due, is_timestamp), pen.op("And", timestamp_due, is_text))
    forbidden = pen.op("Or", wrong_kind, pen.op("Or", backwards, bad_start))
    logits = pen.op("Where", forbidden, pen.float32(FORBIDDEN), logits)
    # If timestamps together outweigh the best text token, take a timestamp
    top = best(pen, logits)[0]
    odds = pen.op("Exp", pen.op("Sub", pen.slice(logits, begin, INT64_MAX, 1), top))
    total = pen.op("ReduceSum", odds, pen.integer([-1]), keepdims=1)
    best_text = pen.op("Exp", pen.op("Sub", best(pen, pen.slice(logits, 0, begin, 1))[0], top))
    crowded_out = pen.op("And", pen.op("Greater", total, best_text), pen.op("Not", is_timestamp))
    return pen.op("Where", crowded_out, pen.float32(FORBIDDEN), logits)


def next_timestamp_state(pen: Pen, state: TimestampState, token: str, before_second: str, tokens) -> TimestampState:
    """`before_second` is true up to and including the first chosen token: nothing stands before it."""
    is_timestamp = pen.op("GreaterOrEqual", token, pen.integer([[tokens.timestamp_begin]]))
    return TimestampState(
        last=pen.op("Where", is_timestamp, token, state.last), after_one=is_timestamp,
        after_two=pen.op("Or", state.after_one, before_second))


def best(pen: Pen, logits: str) -> tuple[str, str]:
    """The highest logit of each row and its token, both (B, 1)."""
    return pen.op("TopK", logits, pen.integer([1]), axis=-1, outputs=2)


def log_total(pen: Pen, logits: str, top: str) -> str:
    """log Σ exp(logits - top) of each row, (B, 1)."""
    odds = pen.op("Exp", pen.op("Sub", logits, top))
    return pen.op("Log", pen.op("ReduceSum", odds, pen.integer([-1]), keepdims=1))


def greedy(pen: Pen, logits: str) -> tuple[str, str]:
    """logits (B, V) → the best token and its log-probability, both (B, 1)."""
    top, token = best(pen, logits)
    return token, pen.op("Neg", log_total(pen, logits, top))


def sample(pen: Pen, logits: str, temperature: str, seed: str, step: str, vocabulary: int) -> tuple[str, str]:
    """Like `greedy`, but rows with a temperature above 0 draw; the log-probability is at temperature 1.
    `temperature` and `seed` are (B, 1)."""
    warm = pen.op("Greater", temperature, pen.float32(0.0))
    scaled = pen.op("Div", logits, pen.op("Where", warm, temperature, pen.float32(1.0)))
    noise = pen.op("Where", warm, gumbel(pen, seed, step, vocabulary), pen.float32(0.0))
    token = best(pen, pen.op("Add", scaled, noise))[1]
    top = best(pen, logits)[0]
    relative = pen.op("Sub", pen.op("GatherElements", logits, token, axis=1), top)
    return token, pen.op("Sub", relative, log_total(pen, logits, top))


def gumbel(pen: Pen, seed: str, step: str, vocabulary: int) -> str:
    """Gumbel noise (B, V) as a pure function of (seed, step, token), the same on every machine: a multiplicative counter
    hash with two xor-shift rounds (after splitmix64)."""
    ids = pen.constants.add("vocabulary", np.arange(vocabulary, dtype=np.int64)[None])
    # odd constants below 2^63: splitmix64's increment and multipliers, folded into int64
    key = pen.op("Add", pen.op("Mul", seed, pen.integer(0x1E3779B97F4A7C15)), pen.op("Mul", step, pen.integer(0x1003F)))
    x = pen.op("Mul", pen.op("Add", ids, key), pen.integer(0x3F58476D1CE4E5B9))
    for shift, multiplier in ((31, 0x14D049BB133111EB), (29, 0x2545F4914F6CDD1D)):
        bits = pen.op("Cast", x, to=13)  # UINT64: BitShift knows no signed type
        amount = pen.constants.add(f"uint64 {shift}", np.array(shift, np.uint64))
        bits = pen.op("BitwiseXor", bits, pen.op("BitShift", bits, amount, direction="RIGHT"))
        x = pen.op("Mul", pen.cast(bits, np.int64), pen.integer(multiplier))
    bits = pen.op("BitShift", pen.op("Cast", x, to=13), pen.constants.add("uint64 41", np.array(41, np.uint64)),
                  direction="RIGHT")  # 23 bits: exact in float32
    uniform = pen.op("Mul", pen.op("Add", pen.cast(bits, np.float32), pen.float32(0.5)), pen.float32(2.0**-23))
    return pen.op("Neg", pen.op("Log", pen.op("Neg", pen.op("Log", uniform))))
