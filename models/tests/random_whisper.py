"""A Whisper of random weights, small enough to run in milliseconds, for tests of the graph and of the loaders."""
from types import SimpleNamespace

import numpy as np


class RandomWhisper:
    """Has what graph.py asks of weights.py's WhisperWeights. `languages` shifts the tokens after them."""

    def __init__(self, width=64, layers=2, heads=2, vocabulary=400, seed=0, scale=0.2, decoder_layers=None, mels=80,
                 languages=0, end_of_text=200):
        self.dimensions = SimpleNamespace(
            mels=mels, audio_context=1500, text_context=64, width=width, encoder_layers=layers, encoder_heads=heads,
            decoder_layers=decoder_layers or layers, decoder_heads=heads, vocabulary=vocabulary)
        start = end_of_text + 1
        self.languages = {code: start + 1 + place for place, code in enumerate(["en", "de", "fr", "yue"][:languages])}
        names = ["translate", "transcribe", "start_of_previous", "no_speech", "no_timestamps", "timestamp_begin"]
        after = {name: start + languages + 1 + place for place, name in enumerate(names)}
        self.tokens = SimpleNamespace(end_of_text=end_of_text, start_of_transcript=start, **after)
        self.suppress, self.suppress_at_begin = [3, 5], [7, end_of_text]
        last = self.dimensions.decoder_layers - 1
        self.alignment_heads = [(last, 0), (last, 1)]
        self.tensors = random_tensors(self.dimensions, np.random.default_rng(seed), scale)

    def tensor(self, name: str) -> np.ndarray:
        return self.tensors[name]

    def has(self, name: str) -> bool:
        return name in self.tensors


def tensor_shapes(sizes) -> dict[str, tuple[int, ...]]:
    """Every tensor of a Whisper, by the name that Hugging Face gives it."""
    shapes = {}

    def linear(name, outputs, inputs, bias=True):
        shapes[name + ".weight"] = (outputs, inputs)
        if bias:
            shapes[name + ".bias"] = (outputs,)

    def norm(name):
        shapes[name + ".weight"] = shapes[name + ".bias"] = (sizes.width,)

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
        shapes[f"model.encoder.{name}.weight"] = (sizes.width, inputs, 3)
        shapes[f"model.encoder.{name}.bias"] = (sizes.width,)
    for name, rows in (("encoder.embed_positions", sizes.audio_context), ("decoder.embed_positions", sizes.text_context),
                       ("decoder.embed_tokens", sizes.vocabulary)):
        shapes[f"model.{name}.weight"] = (rows, sizes.width)
    return shapes


def random_tensors(sizes, random, scale) -> dict[str, np.ndarray]:
    tensors = {}
    for name, shape in tensor_shapes(sizes).items():
        if "norm" in name:
            tensors[name] = np.full(shape, name.endswith("weight"), np.float32)
        elif "conv" in name and name.endswith("bias"):
            tensors[name] = np.zeros(shape, np.float32)
        else:
            tensors[name] = random.standard_normal(shape, np.float32) * np.float32(1 if ".embed_" in name else scale)
    return tensors
