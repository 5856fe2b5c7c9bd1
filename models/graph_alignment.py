"""How well each token fits each place of the audio, computed on the GPU after the last step: of 64 segments the heads' attention
is 58 million numbers, which take JavaScript longer than the GPU takes for all the rest.

The same as alignmentScores in layers/whisper/attention.ts, which serves graphs for the CPU.
"""
from __future__ import annotations

import numpy as np

from graph_pen import INT64_MAX, Pen

UNITS = 1024  # in the deviation of one head: the largest, √447, fills two thirds of 16 bits
REACH = 3  # neighbours on each side in the median
UNHEARD = -1e9


def fitted(pen: Pen, dtype, scores: str, wanted: str, heads: int) -> str:
    """scores (S, B, heads, 1, L) float32 before softmax, wanted bool (B, S) → (S, B, L) int16, of which the steps that are
    wanted mean something. Reads the input `audio_positions`. `dtype` is what the passes over neighbours compute in."""
    scores = pen.op("Squeeze", scores, pen.integer([3]))
    length = pen.length(scores, 3)
    heard = pen.unsqueeze(pen.op("Min", "audio_positions", length), 1)  # (B, 1)
    standard = standardised(pen, scores, wanted, heard)
    if np.dtype(dtype) != np.float32:
        standard = pen.cast(standard, dtype)
    smooth = median(pen, mirrored(pen, standard, heard, length, heads))  # (S, heads, B, L)
    if np.dtype(dtype) != np.float32:
        smooth = pen.cast(smooth, np.float32)
    # Split and Sum: over an axis in the middle, ReduceSum would ask for cuDNN
    parts = pen.op("Split", smooth, axis=1, num_outputs=heads, outputs=heads) if heads > 1 else [smooth]
    total = pen.op("Squeeze", pen.op("Sum", *parts), pen.integer([1]))
    return pen.cast(pen.op("Round", pen.op("Mul", total, pen.float32(UNITS / heads))), np.int16)


def standardised(pen: Pen, scores: str, wanted: str, heard: str) -> str:
    """Attention as a share of what falls on the audio, then mean 0 and deviation 1 of every place over the steps wanted."""
    places = pen.unsqueeze(pen.op("Range", pen.integer(0), pen.scalar(pen.length(scores, 3)), pen.integer(1)), 0)
    unheard = pen.op("Where", pen.op("Less", places, heard), pen.float32(0.0), pen.float32(UNHEARD))
    weights = pen.op("Softmax", pen.op("Add", scores, pen.unsqueeze(unheard, 1)), axis=-1)
    counts = pen.unsqueeze(pen.op("Transpose", pen.cast(wanted, np.float32), perm=[1, 0]), 2, 3)  # (S, B, 1, 1)
    steps = pen.op("Max", pen.op("ReduceSum", counts, pen.integer([0]), keepdims=1), pen.float32(1.0))

    def mean(values: str) -> str:
        return pen.op("Div", pen.op("ReduceSum", values, pen.integer([0]), keepdims=1), steps)

    apart = pen.op("Mul", pen.op("Sub", weights, mean(pen.op("Mul", weights, counts))), counts)
    variance = mean(pen.op("Mul", apart, apart))
    varies = pen.op("Greater", variance, pen.float32(0.0))
    deviation = pen.op("Sqrt", pen.op("Where", varies, variance, pen.float32(1.0)))
    return pen.op("Div", apart, deviation)


def mirrored(pen: Pen, values: str, heard: str, length: str, heads: int) -> str:
    """values (S, B, heads, L) → (S, heads, B, 3 + L + 3), where each row goes on mirrored before its start and after its end.
    One Gather does both and turns the axes."""
    stop = pen.scalar(pen.op("Add", length, pen.integer([REACH])))
    places = pen.unsqueeze(pen.op("Abs", pen.op("Range", pen.integer(-REACH), stop, pen.integer(1))), 0)
    back = pen.op("Sub", pen.op("Mul", pen.op("Sub", heard, pen.integer(1)), pen.integer(2)), places)
    places = pen.op("Where", pen.op("Less", places, heard), places, pen.op("Max", back, pen.integer(0)))  # (B, L + 6)
    lines = pen.op("Reshape", pen.op("Range", pen.integer(0), pen.scalar(pen.op("Mul", pen.length(values, 1), pen.integer([heads]))),
                                     pen.integer(1)), pen.integer([-1, heads]))
    lines = pen.op("Mul", pen.op("Transpose", lines, perm=[1, 0]), length)  # (heads, B)
    flat = pen.op("Reshape", values, pen.concat(pen.length(values, 0), pen.integer([-1]), axis=0))
    return pen.op("Gather", flat, pen.op("Add", pen.unsqueeze(lines, 2), places), axis=1)


def median(pen: Pen, values: str) -> str:
    """(…, L + 6) → (…, L): the median of seven. Neighbours in threes are sorted once, for those on their left and right."""
    a, b, c = (pen.slice(values, start, end, 3) for start, end in ((0, -2), (1, -1), (2, INT64_MAX)))
    middle = pen.op("Max", pen.op("Min", a, b), pen.op("Min", pen.op("Max", a, b), c))
    triples = [pen.op("Min", a, b, c), middle, pen.op("Max", a, b, c)]
    x0, x1, x2 = (pen.slice(triple, 0, -4, 3) for triple in triples)
    y0, y1, y2 = (pen.slice(triple, 4, INT64_MAX, 3) for triple in triples)
    # Between the third and the fourth of the six neighbours lies the median, whatever the value itself is
    third = pen.op("Min", x2, pen.op("Max", x1, y0), pen.op("Max", x0, y1), y2)
    fourth = pen.op("Max", x0, pen.op("Min", x1, y2), pen.op("Min", x2, y1), y0)
    return pen.op("Max", pen.op("Min", pen.slice(values, REACH, -REACH, 3), fourth), third)
