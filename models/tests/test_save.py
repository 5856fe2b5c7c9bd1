"""Saved weights: a folder that loads as what was saved, whole or not at all, with how it came to be."""
import json

import numpy as np
import pytest

from build import build, load_source
from edit_weights import with_step, with_tensors
from load_huggingface import load_huggingface
from random_whisper import RandomWhisper
from save_weights import save_weights
from weights import ModelError
from whisper_folders import write_ctranslate2, write_huggingface


@pytest.fixture(scope="module", params=[write_ctranslate2, write_huggingface])
def weights(request, tmp_path_factory):
    whisper = RandomWhisper(width=128, layers=2, decoder_layers=1, heads=2, languages=2)
    return load_source(str(request.param(whisper, tmp_path_factory.mktemp("source") / "tiny")), licence="MIT")


def saved(weights, folder, **options):
    save_weights(weights, folder, **options)
    return load_huggingface(folder, folder.name, "unknown")


def test_what_was_saved_makes_the_same_graph(weights, tmp_path):
    again = saved(weights, tmp_path / "saved")
    for field in ("dimensions", "tokens", "languages", "suppress", "suppress_at_begin", "alignment_heads"):
        assert getattr(again, field) == getattr(weights, field), field
    first, second = (build(each, "int8", "cpu", tmp_path, name) for name, each in (("a", weights), ("b", again)))
    assert (first / "model.onnx").read_bytes() == (second / "model.onnx").read_bytes()
    assert (first / "tokenizer.json").read_bytes() == (second / "tokenizer.json").read_bytes()


def test_the_same_weights_make_the_same_folder(weights, tmp_path):
    for name in ("a", "b"):
        save_weights(weights, tmp_path / name)
    files = [{file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("a", "b")]
    assert files[0] == files[1] and "model.safetensors" in files[0]


def test_halves_keep_eleven_bits(weights, tmp_path):
    again = saved(weights, tmp_path / "half", half=True)
    for name in weights.tensors:
        np.testing.assert_allclose(again.tensor(name), weights.tensor(name), rtol=2**-11, atol=1e-7)
    sizes = [(saved(weights, tmp_path / f"{half}", half=half), tmp_path / f"{half}" / "model.safetensors") for half in (True, False)]
    assert sizes[0][1].stat().st_size < 0.55 * sizes[1][1].stat().st_size


def test_changed_and_removed_tensors_arrive(weights, tmp_path):
    name = "model.encoder.layers.0.fc1"
    changed = {f"{name}.down.weight": np.ones((32, 128), np.float32), f"{name}.up.weight": np.ones((512, 32), np.float32)}
    edited = with_tensors(weights, changed, removed=[name + ".weight"], alignment_heads=[(0, 1), (0, 0)])
    again = saved(edited, tmp_path / "edited")
    assert again.tensors.keys() == weights.tensors.keys() - {name + ".weight"} | changed.keys()
    np.testing.assert_array_equal(again.tensor(name + ".up.weight"), changed[name + ".up.weight"])
    assert again.alignment_heads == [(0, 0), (0, 1)]
    assert weights.has(name + ".weight"), "the weights it was made from are as they were"


def test_refuses_tensors_that_do_not_fit(weights):
    with pytest.raises(ModelError, match="its config says"):
        with_tensors(weights, {"model.encoder.conv1.weight": np.zeros((1, 80, 3), np.float32)})


def test_each_step_adds_itself_and_the_origin_and_licence_stay(weights, tmp_path):
    once = saved(with_step(weights, "prune", share=0.35), tmp_path / "once")
    twice = saved(with_step(once, "finetune", steps=10), tmp_path / "twice")
    assert twice.provenance.origin == weights.source
    assert twice.provenance.steps == ({"step": "prune", "share": 0.35}, {"step": "finetune", "steps": 10})
    assert twice.source.licence == "MIT" and twice.source.sha256 == once.source.sha256


def test_a_failure_leaves_nothing(weights, tmp_path):
    broken = with_tensors(weights, {})
    broken.tensors["model.zebra"] = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        save_weights(broken, tmp_path / "broken")
    assert list(tmp_path.iterdir()) == []


def test_replaces_a_folder_only_when_told_to(weights, tmp_path):
    save_weights(weights, tmp_path / "there")
    with pytest.raises(ModelError, match="is there already"):
        save_weights(weights, tmp_path / "there")
    save_weights(weights, tmp_path / "there", force=True)
    assert json.loads((tmp_path / "there" / "config.json").read_text())["model_type"] == "whisper"


def test_refuses_a_provenance_that_is_none(weights, tmp_path):
    save_weights(weights, tmp_path / "tiny")
    (tmp_path / "tiny" / "provenance.json").write_text("{}")
    with pytest.raises(ModelError, match="provenance.json cannot be read"):
        load_huggingface(tmp_path / "tiny", "tiny", "MIT")
