"""A Whisper of random weights, small enough to run in milliseconds, for tests of the graph."""
from types import SimpleNamespace

import numpy as np


class RandomWhisper:
    """Has what graph.py asks of weights.py's WhisperWeights."""

    def __init__(self, width=64, layers=2, heads=2, vocabulary=400, seed=0, scale=0.2):
        self.dimensions = SimpleNamespace(
            mels=80, audio_context=1500, text_context=64, width=width, encoder_layers=layers, encoder_heads=heads,
            decoder_layers=layers, decoder_heads=heads, vocabulary=vocabulary)
        self.tokens = SimpleNamespace(
            end_of_text=200, start_of_transcript=201, translate=202, transcribe=203, start_of_previous=204,
            no_speech=205, no_timestamps=206, timestamp_begin=207)
        self.alignment_heads = [(1, 0), (1, 1)]
        self.tensors = random_tensors(self.dimensions, np.random.default_rng(seed), scale)

    def tensor(self, name: str) -> np.ndarray:
        return self.tensors[name]

    def has(self, name: str) -> bool:
        return name in self.tensors


def random_tensors(sizes, random, scale) -> dict[str, np.ndarray]:
    tensors = {}

    def linear(name, outputs, inputs, bias=True):
        tensors[name + ".weight"] = (random.standard_normal((outputs, inputs)) * scale).astype(np.float32)
        if bias:
            tensors[name + ".bias"] = (random.standard_normal(outputs) * scale).astype(np.float32)

    def norm(name):
        tensors[name + ".weight"] = np.ones(sizes.width, np.float32)
        tensors[name + ".bias"] = np.zeros(sizes.width, np.float32)

    for part, count in (("encoder", sizes.encoder_layers), ("decoder", sizes.decoder_layers)):
        for index in range(count):
            layer = f"model.{part}.layers.{index}."
            for attention in ("self_attn", "encoder_attn")[: 1 if part == "encoder" else 2]:
                for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    linear(f"{layer}{attention}.{name}", sizes.width, sizes.width, bias=name != "k_proj")
                norm(f"{layer}{attention}_layer_norm")
            linear(layer + "fc1", 4 * sizes.width, sizes.width)
            linear(layer + "fc2", sizes.width, 4 * sizes.width)
            norm(layer + "final_layer_norm")
        norm(f"model.{part}.layer_norm")
    for name, inputs in (("conv1", sizes.mels), ("conv2", sizes.width)):
        shape = (sizes.width, inputs, 3)
        tensors[f"model.encoder.{name}.weight"] = (random.standard_normal(shape) * scale).astype(np.float32)
        tensors[f"model.encoder.{name}.bias"] = np.zeros(sizes.width, np.float32)
    for name, rows in (("encoder.embed_positions", sizes.audio_context), ("decoder.embed_positions", sizes.text_context),
                       ("decoder.embed_tokens", sizes.vocabulary)):
        tensors[f"model.{name}.weight"] = random.standard_normal((rows, sizes.width)).astype(np.float32)
    return tensors
