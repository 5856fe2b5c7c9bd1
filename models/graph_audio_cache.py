"""Keys and values of the audio as steps read them: outputs of the first graph of graph_captured.py."""
from __future__ import annotations

import onnx
from onnx import helper

from captured_values import audio_infos, int8_audio_infos, int8_last_infos, last_infos, scale_infos
from graph_decoder import heads_by_layer
from graph_int8_audio import int8_audio
from graph_linear import Layers
from graph_pen import INT64_MAX, Pen, value_info
from graph_step import split_heads


def give_audio(pen: Pen, layers: Layers, pairs: list[str]) -> list[onnx.ValueInfoProto]:
    """pairs (B, L, heads · head size) → outputs as steps read them, in the last kernel's own memory: (B, heads, L, head size),
    and keys of layers with alignment heads (B, heads, head size / x, L, x), which the step takes for the same."""
    outputs = []
    for place, (info, last, value) in enumerate(zip(own_infos(layers), last_infos(layers), pairs, strict=True)):
        lay_out(pen, layers, place, value, [info.name])
        pen.op("Slice", value, *map(pen.integer, ([-1], [INT64_MAX], [1], [1])), outputs=[last.name])
        outputs += [info, last]
    return outputs


def give_int8_audio(pen: Pen, layers: Layers, pairs: list[str]) -> list[onnx.ValueInfoProto]:
    """As give_audio, for steps that read int8. A layer with alignment heads is given in the graph's own type to those who want word
    times, who have nothing of it in int8 then, and in int8 alone to the others."""
    aligned = heads_by_layer(layers)
    int8_infos = [*zip(*(infos(layers) for infos in (int8_audio_infos, int8_last_infos, scale_infos)), strict=True)]
    always, by_wish = ([place for place in range(len(pairs)) if (place // 2 in aligned) == wish] for wish in (False, True))
    outputs = [info for place in always for info in int8_infos[place]]
    if always:
        int8_audio(pen, layers, pairs, always, [[info.name for info in int8_infos[place]] for place in always])
    if not by_wish:
        return outputs
    own = [own_infos(layers)[place] for place in by_wish]
    whole = [info for place in by_wish for info in int8_infos[place]]

    def with_scores(branch: Pen) -> list[str]:
        return [lay_out(branch, layers, place, pairs[place], 1) for place in by_wish] + [nothing(branch, info) for info in whole]

    def without(branch: Pen) -> list[str]:
        return [nothing(branch, info) for info in own] + int8_audio(branch, layers, pairs, by_wish)

    pen.branch("alignment_on", [type_of(info) for info in (*own, *whole)], with_scores, without,
               [info.name for info in (*own, *whole)])
    return [*outputs, *own, *whole]


def own_infos(layers: Layers) -> list[onnx.ValueInfoProto]:
    """In the graph's own type, as lay_out leaves them."""
    return [value_info(info.name, layers.dtype, ["B", info.type.tensor_type.shape.dim[1].dim_value, "C", "L", "X"])
            if in_pieces(layers, place) else info for place, info in enumerate(audio_infos(layers))]


def in_pieces(layers: Layers, place: int) -> bool:
    return place % 2 == 0 and place // 2 in heads_by_layer(layers)


def lay_out(pen: Pen, layers: Layers, place: int, value: str, outputs: int | list[str]) -> str:
    if in_pieces(layers, place):
        return pen.op("Transpose", pen.op("Reshape", value, "key shape"), perm=[0, 2, 3, 1, 4], outputs=outputs)
    return split_heads(pen, layers, value, outputs)


def type_of(info: onnx.ValueInfoProto):
    return helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)


def nothing(pen: Pen, info: onnx.ValueInfoProto) -> str:
    """No rows of it."""
    shape = [dim.dim_value for dim in info.type.tensor_type.shape.dim]  # 0 where it only has a name
    return pen.filled(pen.integer(shape), type_of(info).type(0))
