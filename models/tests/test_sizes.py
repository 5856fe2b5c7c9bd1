"""Every size of Whisper: each of its parameters is in the graph once. Drawn with arrays of shape and no memory."""
from types import SimpleNamespace

import numpy as np
import pytest

import graph
from build import build, load_source
from graph_pen import Constants
from manifest import read_manifest
from random_whisper import RandomWhisper, tensor_shapes
from run_graph import SAMPLES, Graph, prompt_of
from whisper_folders import write_huggingface

# name: mels, width, encoder layers, decoder layers, heads, vocabulary, parameters with the tied embedding counted once
SIZES = {
    "tiny.en": (80, 384, 4, 4, 6, 51864, 37_760_256),
    "tiny": (80, 384, 4, 4, 6, 51865, 37_760_640),
    "base": (80, 512, 6, 6, 8, 51865, 72_593_920),
    "small": (80, 768, 12, 12, 12, 51865, 241_734_912),
    "medium": (80, 1024, 24, 24, 16, 51865, 763_857_920),
    "large-v2": (80, 1280, 32, 32, 20, 51865, 1_543_304_960),
    "large-v3": (128, 1280, 32, 32, 20, 51866, 1_543_490_560),
    "turbo": (128, 1280, 32, 4, 20, 51866, 808_878_080),
    "distil-large-v2": (80, 1280, 32, 2, 20, 51865, 756_220_160),
    "distil-large-v3": (128, 1280, 32, 2, 20, 51866, 756_405_760),
}


class Shapes(Constants):
    """Keeps the shape of each weight of the model, not its memory."""

    def add(self, name, array, exact=False):
        super().add(name, np.zeros(1, np.float32) if name.startswith("model.") else array, exact)
        if name.startswith("model."):
            self.arrays[name] = np.broadcast_to(np.float32(0), np.shape(array))
        return name


@pytest.mark.parametrize("size", SIZES)
def test_every_parameter_is_in_the_graph_once(size, monkeypatch):
    mels, width, encoder_layers, decoder_layers, heads, vocabulary, parameters = SIZES[size]
    dimensions = SimpleNamespace(
        mels=mels, audio_context=1500, text_context=448, width=width, encoder_layers=encoder_layers, encoder_heads=heads,
        decoder_layers=decoder_layers, decoder_heads=heads, vocabulary=vocabulary)
    shapes = tensor_shapes(dimensions)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == parameters
    weights = SimpleNamespace(
        dimensions=dimensions, tokens=RandomWhisper(vocabulary=300).tokens, alignment_heads=[(0, 0), (decoder_layers - 1, 1)],
        has=shapes.__contains__, tensor=lambda name: np.broadcast_to(np.float32(0), shapes[name]))
    monkeypatch.setattr(graph, "Constants", Shapes)
    drawn, arrays = graph.build_graph(weights, "fp32", "cpu")
    zero_biases = width * (encoder_layers + decoder_layers)  # of self-attention keys, which are fused with queries and values
    assert sum(array.size for name, array in arrays.items() if name.startswith("model.")) == parameters + zero_biases
    alignment = next(output for output in drawn.output if output.name == "alignment")
    assert alignment.type.tensor_type.shape.dim[2].dim_value == 2


def test_a_slice_of_turbo_runs(tmp_path):
    whisper = RandomWhisper(width=1280, heads=20, layers=1, mels=128, vocabulary=51866, languages=4, end_of_text=50257, scale=0.02)
    whisper.alignment_heads = [(0, 19)]
    folder = build(load_source(str(write_huggingface(whisper, tmp_path / "turbo", "float16"))), "int8", "cpu", tmp_path, "out")
    manifest = read_manifest(folder)
    noise = (np.random.default_rng(0).standard_normal(SAMPLES) * 0.05).astype(np.float32)
    tokens = Graph(folder, manifest).transcribe(noise, prompt_of(manifest, "yue", True), True)
    assert tokens and manifest.tokens.timestamp_begin <= tokens[0] <= manifest.tokens.timestamp_begin + 50
