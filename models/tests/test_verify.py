"""verify: a graph is compared with CTranslate2 or transformers on the same weights, and a wrong one is never called verified."""
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from build import build, load_source
from compare_tokens import edit_distance
from hash_file import hash_file
from manifest import FileInfo, Verified, read_manifest, write_manifest
from random_whisper import RandomWhisper
from verify import TOLERANCES, find_model, main
from weights import ModelError
from whisper_folders import write_ctranslate2, write_huggingface

AUDIO = Path(__file__).parents[2] / "test" / "fixtures" / "audio"
OLD = Verified("an earlier reference", 1, 1, 0.0, 0.5)
SIZES = dict(width=128, layers=3, decoder_layers=2, languages=2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clips.jsonl"
    rows = [{"file": str(AUDIO / "brooklyn-bridge.flac"), "text": "…"}, {"file": str(AUDIO / "noise.wav"), "text": ""},
            {"file": str(AUDIO / "multilingual.mp3"), "text": None, "languages": ["de", "en"]},
            {"file": "left-out-as-the-model-has-no.klingon", "language": "tlh"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_ctranslate2(RandomWhisper(**SIZES), tmp_path_factory.mktemp("source") / "tiny")


@pytest.fixture
def model(source, tmp_path):
    folder = build(load_source(str(source)), "fp32", "cpu", tmp_path, "tiny")
    write_manifest(dataclasses.replace(read_manifest(folder), verified=OLD), folder)
    return folder


@pytest.fixture
def run(monkeypatch, capsys, clips):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["verify", *map(str, arguments)])
        return main(), *capsys.readouterr()
    return run


def test_equal_tokens_are_written_into_the_manifest(model, source, clips, run):
    code, out, err = run(model, "--source", source, "--clips", clips)
    assert (code, err) == (0, "")
    assert out.count("equal\n") == 3 and "klingon" not in out
    verified = read_manifest(model).verified
    assert verified.reference.startswith("ctranslate2 ")
    assert dataclasses.replace(verified, reference="") == Verified("", 3, 3, 0.0, TOLERANCES["fp32"])


def test_int8_is_compared_with_the_unquantised_weights(source, clips, run, tmp_path):
    folder = build(load_source(str(source)), "int8", "cpu", tmp_path, "tiny")
    code, *_ = run(folder, "--source", source, "--clips", clips, "--tolerance", 1000)
    assert code == 0 and read_manifest(folder).verified.tolerance_percent == 1000


def test_an_english_only_model_is_verified_on_english_alone(clips, run, tmp_path):
    whisper = RandomWhisper(width=64, heads=1, layers=1, vocabulary=51864, languages=2, end_of_text=50256)
    whisper.alignment_heads = []
    source = write_ctranslate2(whisper, tmp_path / "en")
    folder = build(load_source(str(source)), "fp32", "cpu", tmp_path, "tiny.en")
    code, out, _ = run(folder, "--source", source, "--clips", clips)
    assert code == 0 and read_manifest(folder).verified.clips == 2 and "multilingual" not in out


def test_a_graph_of_other_sums_is_not_verified(source, clips, run, tmp_path):
    """Built with two heads exchanged, the manifest otherwise true."""
    weights, name = load_source(str(source)), "model.decoder.layers.1.self_attn.q_proj.weight"
    rows = np.r_[64:128, 0:64]
    wrong = dataclasses.replace(weights, tensors={**weights.tensors, name: lambda: weights.tensor(name)[rows]})
    folder = build(wrong, "fp32", "cpu", tmp_path, "tiny")
    write_manifest(dataclasses.replace(read_manifest(folder), verified=OLD), folder)
    code, _, err = run(folder, "--source", source, "--clips", clips)
    assert code == 1 and err.count("\n") == 1 and "beyond the tolerance of 0.5 %" in err
    assert read_manifest(folder).verified is None


def refused(result, words):
    code, _, err = result
    assert (code, err.count("\n")) == (2, 1) and err.startswith("model: ") and words in err, err


def test_refuses_a_graph_that_is_not_the_one_of_its_manifest(model, source, clips, run):
    data = bytearray((model / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (model / "model.onnx").write_bytes(data)
    refused(run(model, "--source", source, "--clips", clips), "is not what its manifest says")
    (model / "tokenizer.json").unlink()
    (model / "model.onnx").unlink()
    refused(run(model, "--source", source, "--clips", clips), "has no model.onnx")


def test_refuses_a_graph_that_does_not_open(model, source, clips, run):
    (model / "model.onnx").write_bytes(b"no graph")
    manifest = read_manifest(model)
    files = manifest.files | {"model.onnx": FileInfo(hash_file(model / "model.onnx"), 8)}
    write_manifest(dataclasses.replace(manifest, files=files), model)
    refused(run(model, "--source", source, "--clips", clips), "onnxruntime cannot open")


def test_refuses_other_weights(model, clips, run, tmp_path):
    other = write_ctranslate2(RandomWhisper(**SIZES, seed=1), tmp_path / "other")
    refused(run(model, "--source", other, "--clips", clips), "has not the weights of tiny")
    assert read_manifest(model).verified == OLD


@pytest.mark.parametrize(("line", "words"), [
    ('{"file": "nowhere.wav"}', "nowhere.wav is not there"), ('{"file": "clips.jsonl"}', "cannot be decoded"),
    ("", "is empty"), ("{", "clips.jsonl:1 is not JSON"), ('{"text": "a"}', 'clips.jsonl:1 has no "file"'),
    ('{"file": "a", "language": "tlh"}', "no clip in a language of tiny")])
def test_refuses_clips_that_cannot_be_used(model, source, run, tmp_path, line, words):
    path = tmp_path / "clips.jsonl"
    path.write_text(line)
    refused(run(model, "--source", source, "--clips", path), words)


def test_asks_for_the_source_where_the_manifest_does_not_say_it(model, run):
    refused(run(model), "say where it is with --source")


def test_names_a_model_that_is_not_there(run):
    refused(run("no-such-model"), "there is no model 'no-such-model'")
    with pytest.raises(ModelError, match="id of one under models/artifacts"):
        find_model("")


@pytest.mark.parametrize(("a", "b", "distance"), [
    ([], [], 0), ([1, 2, 3], [1, 2, 3], 0), ([1, 2, 3], [], 3), ([], [1], 1), ([1, 2, 3], [1, 3], 1),
    ([1, 2, 3], [4, 1, 2, 3], 1), ([1, 2, 3, 4], [2, 1, 4, 3], 3)])
def test_edit_distance(a, b, distance):
    assert edit_distance(a, b) == edit_distance(b, a) == distance


def test_hugging_face_weights_are_verified_with_transformers_or_say_what_is_missing(clips, run, tmp_path):
    source = write_huggingface(RandomWhisper(**SIZES), tmp_path / "hf")
    folder = build(load_source(str(source)), "fp32", "cpu", tmp_path, "tiny")
    result = run(folder, "--source", source, "--clips", clips)
    try:
        import torch, transformers  # noqa: E401, F401
    except ImportError:
        return refused(result, "-m pip install torch transformers")
    assert result[0] == 0, result
    verified = read_manifest(folder).verified
    assert verified.reference.startswith("transformers ") and verified.clips_equal == 3


def test_the_reference_may_have_heard_the_clips_elsewhere(model, source, clips, run, tmp_path):
    kept = tmp_path / "reference"
    assert run(model, "--source", source, "--clips", clips, "--write-reference", kept) == (0, "", "")
    assert read_manifest(model).verified == OLD
    moved = source.rename(source.with_name("not-here"))  # where the graph runs, there is no source, and no decoder but for WAV
    try:
        code, out, err = run(model, "--reference", kept)
    finally:
        moved.rename(source)
    assert (code, err) == (0, "") and out.count("equal\n") == 3
    verified = read_manifest(model).verified
    assert verified.reference.startswith("ctranslate2 ") and (verified.clips_equal, verified.token_error_percent) == (3, 0.0)
    (tmp_path / "others.jsonl").write_text(json.dumps({"file": str(AUDIO / "jfk.flac")}))
    code, _, err = run(model, "--reference", kept, "--clips", tmp_path / "others.jsonl")
    assert code == 2 and "was not asked about one of these clips" in err
    told = json.loads((kept / "tokens.json").read_text())
    key = next(key for key, tokens in told["heard"].items() if tokens)
    told["heard"][key] = []
    (kept / "tokens.json").write_text(json.dumps(told))
    assert run(model, "--reference", kept)[0] == 1
    assert read_manifest(model).verified is None


def test_refuses_what_a_reference_heard_of_other_weights(model, source, clips, run, tmp_path):
    kept = tmp_path / "reference"
    run(model, "--source", source, "--clips", clips, "--write-reference", kept)
    other = write_ctranslate2(RandomWhisper(**SIZES, seed=9), tmp_path / "other")
    other_model = build(load_source(str(other)), "fp32", "cpu", tmp_path, "other-model")
    code, _, err = run(other_model, "--reference", kept)
    assert code == 2 and "write the reference of the same source" in err
    (kept / "tokens.json").write_text("{}")
    assert "write it anew" in run(model, "--reference", kept)[2]


def test_a_graph_for_a_gpu_is_not_verified_on_a_processor(model, source, clips, run, monkeypatch):
    import onnxruntime

    manifest = read_manifest(model)
    write_manifest(dataclasses.replace(manifest, graph=dataclasses.replace(manifest.graph, target="cuda"), verified=None), model)
    asked = (model, "--source", source, "--clips", clips)
    assert "has no CUDAExecutionProvider here" in run(*asked)[2]
    # onnxruntime-gpu names the provider also where it cannot load CUDA, and runs on the processor then
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    code, _, err = run(*asked)
    assert code == 2 and "opened it on CPUExecutionProvider alone" in err
    assert read_manifest(model).verified is None
