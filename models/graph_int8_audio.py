"""Keys and values of the audio as int8, half of what a token reads of them, and the attention that reads them so.

A channel's numbers are divided by a `scale` of their row, a 127th of the largest. onnxruntime's kernel (XQA, behind
GroupQueryAttention) takes one scale for all channels: it is given 1, the query is multiplied by the scale of the keys before, and
what comes out by that of the values. The kernel also wants COPIES queries for each key. They are all the same, and cost
nothing: it works on 16 at a time.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from captured_values import COPIES, int8_audio_infos
from graph_linear import Layers
from graph_pen import INT64_MAX, ONNX_TYPES, Pen
from graph_step import split_heads

MOST = 127
LEAST_SCALE = 2.0**-14  # halves are less exact below; a channel of nothing but zeros has this one
PARTS = 8  # so many tensors onnxruntime's Max takes in one kernel


def int8_audio(pen: Pen, layers: Layers, pairs: list[str], places: list[int],
               names: list[Sequence[str]] | None = None) -> list[str]:
    """`pairs`: keys, values, keys … of all layers, each (B, L, heads · head size), of which those at `places` → each as int8
    (B, heads, L, head size), its last position (B, 1, heads · head size), and its scale (B, heads, COPIES for keys or 1,
    head size). `names` for these three of each."""
    def number(name: str, value: float) -> str:
        return layers.constant(pen, f"int8 {name}", np.array(value))

    one, zero = number("one", 1), pen.constants.add("int8 zero", np.array(0, np.int8))
    names = names or [[pen.fresh("whole"), pen.fresh("last"), pen.fresh("scale")] for _ in places]
    widths = [layers.heads(f"model.decoder.layers.{place // 2}.encoder_attn") * layers.head_size for place in places]
    tops = largest(pen, layers, [pairs[place] for place in places], widths)
    for place, top, (whole, last, scale) in zip(places, tops, names, strict=True):
        worth = pen.op("Max", pen.op("Div", top, number("most", MOST)), number("least scale", LEAST_SCALE))  # (B, 1, width)
        rounded = pen.op("QuantizeLinear", pen.op("Div", pairs[place], worth), one, zero)
        split_heads(pen, layers, rounded, [whole])
        pen.op("Cast", pen.slice(rounded, -1, INT64_MAX, 1), to=ONNX_TYPES[layers.dtype], outputs=[last])
        pen.op("Expand", pen.op("Reshape", worth, pen.integer([0, -1, 1, layers.head_size])),
               pen.integer([1, 1, 1 if place % 2 else COPIES, 1]), outputs=[scale])
    return [name for each in names for name in each]


def largest(pen: Pen, layers: Layers, values: list[str], widths: list[int]) -> list[str]:
    """The largest magnitude over the positions of each (B, L, width) → (B, 1, width). Over an axis in the middle ReduceMax would
    ask for cuDNN: each pass leaves an eighth of the positions, and after the first all values go on as one."""
    length, left = pen.length(values[0], 1), layers.weights.dimensions.audio_context
    order = pen.integer(list(range(PARTS)))
    while left > 1:
        part = pen.op("Div", pen.op("Add", length, pen.integer([PARTS - 1])), pen.integer([PARTS]))
        starts = pen.op("Min", pen.op("Mul", order, part), pen.op("Sub", length, part))  # the last parts may overlap
        bounds = [pen.op("Split", each, axis=0, num_outputs=PARTS, outputs=PARTS)
                  for each in (starts, pen.op("Add", starts, part))]

        def loudest(value: str) -> str:
            magnitude = pen.op("Abs", value)
            return pen.op("Max", *[pen.slice(magnitude, *ends, 1) for ends in zip(*bounds, strict=True)])

        values = [pen.concat(*[loudest(value) for value in values], axis=2)]
        length, left = part, -(-left // PARTS)
    return list(pen.op("Split", *values, pen.integer(widths), axis=2, outputs=[pen.fresh("largest") for _ in widths]))


def int8_attention(pen: Pen, layers: Layers, index: int, query: str, bias: np.ndarray | None, suffix: str,
                   given: list) -> tuple[str, str]:
    """As graph_ordinary_steps.grouped_attention. The key and value that the kernel writes round to what lies there already."""
    attention = f"model.decoder.layers.{index}.encoder_attn"
    heads, size = layers.heads(attention), layers.head_size
    if bias is not None:
        query = pen.op("Add", query, layers.constant(pen, attention + ".q_proj.bias", bias))
    asked = pen.op("Mul", pen.op("Reshape", query, pen.integer([0, heads, 1, size])), f"scale key {index}")
    infos = [info for info in int8_audio_infos(layers, suffix) if info.name in
             (f"int8 audio key {index}{suffix}", f"int8 audio value {index}{suffix}")]
    scale = pen.constants.add("int8 scale of all", np.ones(1, np.float32))
    heard = pen.fresh("attended")
    pen.microsoft("GroupQueryAttention", pen.op("Reshape", asked, pen.integer([0, 1, -1])), f"int8 last key {index}",
                  f"int8 last value {index}", f"int8 audio key {index}", f"int8 audio value {index}", "last position", "positions",
                  *[""] * 5, scale, scale, outputs=[heard, *[info.name for info in infos]], num_heads=heads * COPIES,
                  kv_num_heads=heads, k_quant_type="PER_TENSOR", v_quant_type="PER_TENSOR", kv_cache_bit_width=8)
    given += infos
    first = pen.slice(pen.op("Reshape", heard, pen.integer([0, heads, COPIES, size])), 0, 1, 2)
    return pen.op("Reshape", pen.op("Mul", first, f"scale value {index}"), pen.integer([0, 1, -1])), ""
