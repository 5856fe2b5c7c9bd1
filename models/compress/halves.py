"""Encoder and decoder as two graphs that also give what goes into each of their layers. Built by the code of the real graph,
of any precision, and run with all tokens given at once."""
from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import helper

from compress.calibration import Passage
from graph import kind_of, write_model
from graph_decoder import cross_attention, decode_step
from graph_encoder import cross_keys_values, encode
from graph_linear import Layers, qkv_parts
from graph_pen import Constants, Pen, value_info
from weights import WhisperWeights

RESIDUAL = " + residual"  # after the key of a layer: its output added to what it is added to


class RecordingLayers(Layers):
    """Remembers the value that goes into each layer, by the layer's key."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.seen: dict[str, str] = {}

    def project(self, pen: Pen, x: str, key: str, bias=None) -> str:
        self.seen[key] = x
        return super().project(pen, x, key, bias)

    def split_qkv(self, pen: Pen, x: str, layer: str) -> tuple[str, str, str]:
        self.seen |= dict.fromkeys(qkv_parts(layer), x)
        return super().split_qkv(pen, x, layer)

    def linear_add_norm(self, pen: Pen, x: str, key: str, *arguments, **options) -> tuple[str, str]:
        normed, total = super().linear_add_norm(pen, x, key, *arguments, **options)
        self.seen[key + RESIDUAL] = total
        return normed, total


@dataclass(frozen=True)
class Half:
    """An open session, and the name that each layer's input has in it."""
    session: object
    seen: dict[str, str]

    def run(self, output: str, keys: Collection[str], feeds: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns the half's output and the inputs (positions, channels) of the layers called `keys`, those it has."""
        names = {key: self.seen[key] for key in keys if key in self.seen}
        wanted = sorted(set(names.values()))
        first, *values = self.session.run([output, *wanted], feeds)
        found = {name: value.reshape(-1, value.shape[-1]) for name, value in zip(wanted, values, strict=True)}
        return first, {key: found[name] for key, name in names.items()}


@dataclass(frozen=True)
class Halves:
    encoder: Half
    decoder: Half

    def encode(self, passage: Passage, keys: Collection[str] = ()) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns hidden (1, L, width) and what went into the layers called `keys`."""
        feeds = {"pcm": passage.audio, "positions": passage.positions, "score bias": passage.score_bias}
        return self.encoder.run("hidden", keys, feeds)

    def decode(self, passage: Passage, hidden: np.ndarray, keys: Collection[str] = ()) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns logits (1, T, vocabulary) and what went into the layers called `keys`."""
        feeds = {"ids": passage.tokens, "hidden": hidden, "score bias": passage.score_bias[None, None, None]}
        return self.decoder.run("logits", keys, feeds)


def open_encoder(weights: WhisperWeights, precision: str = "fp32", plan: dict[str, str] | None = None) -> Half:
    pen, layers = start(weights, 0, precision, plan)
    pen.op("Identity", encode(pen, layers, "pcm", "positions", "score bias"), outputs=["hidden"])
    inputs = [value_info("pcm", np.float32, [1, "N"]), value_info("positions", np.int64, ["L"]),
              value_info("score bias", np.float32, ["L"])]
    return finish(pen, layers, inputs, "hidden")


def open_decoder(weights: WhisperWeights, precision: str = "fp32", plan: dict[str, str] | None = None) -> Half:
    pen, layers = start(weights, 1, precision, plan)
    outer = RecordingLayers(weights, np.float32, kind_of(0, precision, plan), fused=False)  # as in the whole graph
    keys_values = cross_keys_values(pen, outer, "hidden")
    shapes = [[1, layers.heads(f"model.decoder.layers.{index}.self_attn"), 0, layers.head_size]
              for index in range(weights.dimensions.decoder_layers)]
    caches = [pen.filled(pen.integer(shape), np.float32(0)) for shape in shapes for _ in "kv"]
    attend, _ = cross_attention(pen, layers, keys_values, "score bias")
    x, _ = decode_step(pen, layers, "ids", caches, attend)
    pen.op("Identity", layers.logits(pen, x), outputs=["logits"])
    layers.seen |= outer.seen
    inputs = [value_info("ids", np.int64, [1, "T"]), value_info("hidden", np.float32, [1, "L", weights.dimensions.width]),
              value_info("score bias", np.float32, [1, 1, 1, "L"])]
    return finish(pen, layers, inputs, "logits")


def open_halves(weights: WhisperWeights) -> Halves:
    return Halves(open_encoder(weights), open_decoder(weights))


def start(weights, half: int, precision: str, plan) -> tuple[Pen, RecordingLayers]:
    constants = Constants(store_half=precision != "fp32" or bool(plan))
    return Pen(constants), RecordingLayers(weights, np.float32, kind_of(half, precision, plan), fused=False)


def finish(pen: Pen, layers: RecordingLayers, inputs: list, output: str) -> Half:
    import onnxruntime

    known = {info.name for info in inputs}
    names = [output, *sorted(set(layers.seen.values()) - known)]
    constants = pen.constants
    graph = helper.make_graph(constants.cast_nodes() + pen.nodes, "half", inputs,
                              [value_info(name, np.float32) for name in names], value_info=pen.types)
    # "hidden" goes into the cross-attention as it came in: under a second name it can be asked for
    for name in set(layers.seen.values()) & known:
        graph.node.append(helper.make_node("Identity", [name], [f"{name} seen"]))
        graph.output.append(value_info(f"{name} seen", np.float32))
    seen = {key: f"{name} seen" if name in known else name for key, name in layers.seen.items()}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:  # not in memory: half a large model is more than a protobuf holds
        [path, *_] = write_model(graph, constants.arrays, Path(folder) / "half.onnx")
        return Half(onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), seen)
