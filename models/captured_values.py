"""What passes between the graphs of graph_captured.py: names, types and shapes. B rows, L positions, R places for tokens."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx

from graph_linear import Layers
from graph_pen import value_info

STEPS = 4  # a row may end within them: it runs on to the last
COPIES = 4  # of a query, where keys are int8: onnxruntime's kernel knows no fewer queries for each
# Of one step, as the host lays them out
STATE = (("ids", np.int64, ["B", 1]), ("length", np.int32, ["B"]), ("done", bool, ["B", 1]))


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


def audio_infos(layers: Layers, only: Iterable[int] | None = None) -> list[onnx.ValueInfoProto]:
    return [value_info(f"audio {name}", layers.dtype, ["B", heads, "L", layers.head_size])
            for name, index, heads in layer_pairs(layers, "encoder_attn") if only is None or index in only]


def last_infos(layers: Layers, without: Iterable[int] = ()) -> list[onnx.ValueInfoProto]:
    """Keys and values of the last position of the audio; of all layers but those."""
    return [value_info(f"last {name}", layers.dtype, ["B", 1, heads * layers.head_size])
            for name, index, heads in layer_pairs(layers, "encoder_attn") if index not in without]


def int8_audio_infos(layers: Layers, suffix: str = "", without: Iterable[int] = ()) -> list[onnx.ValueInfoProto]:
    return [value_info(f"int8 audio {name}{suffix}", np.int8, ["B", heads, "L", layers.head_size])
            for name, index, heads in layer_pairs(layers, "encoder_attn") if index not in without]


def int8_last_infos(layers: Layers, without: Iterable[int] = ()) -> list[onnx.ValueInfoProto]:
    """As last_infos: the same whole numbers, in the graph's own type."""
    return [value_info(f"int8 last {name}", layers.dtype, ["B", 1, heads * layers.head_size])
            for name, index, heads in layer_pairs(layers, "encoder_attn") if index not in without]


def scale_infos(layers: Layers, without: Iterable[int] = ()) -> list[onnx.ValueInfoProto]:
    """What a 1 in int8 stands for, in each row and channel."""
    return [value_info(f"scale {name}", layers.dtype, ["B", heads, COPIES if name.startswith("key") else 1, layers.head_size])
            for name, index, heads in layer_pairs(layers, "encoder_attn") if index not in without]


def histories(layers: Layers, suffix: str = "") -> list[onnx.ValueInfoProto]:
    room = places(layers)
    return [value_info("history" + suffix, np.int64, ["B", room]), value_info("logprobs" + suffix, np.float32, ["B", room])]
