"""Building a model: what is written is whole, and what fails leaves everything as it was."""
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import build as build_module
from build import build, default_id, load_source, main
from manifest import read_manifest
from random_whisper import RandomWhisper
from run_graph import SAMPLES, Graph, check_files, prompt_of
from weights import ModelError
from whisper_folders import write_ctranslate2, write_huggingface
from whole_folder import replace

NOISE = (np.random.default_rng(0).standard_normal(SAMPLES) * 0.05).astype(np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    whisper = RandomWhisper(width=128, layers=3, decoder_layers=2, languages=2)  # distil: fewer decoder layers
    return str(write_huggingface(whisper, tmp_path_factory.mktemp("source") / "tiny"))


@pytest.fixture
def weights(source):
    return load_source(source, licence="MIT")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tokens_of(folder: Path) -> list[int]:
    manifest = read_manifest(folder)
    return Graph(folder, manifest).transcribe(NOISE, prompt_of(manifest, "en", False), False)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8", "int4"])
def test_writes_a_model_that_is_whole(weights, tmp_path, precision):
    folder = build(weights, precision, "cpu", tmp_path, "tiny")
    manifest = read_manifest(folder)
    assert sorted(contents(tmp_path)) == ["tiny/manifest.json", "tiny/model.onnx", "tiny/tokenizer.json"]
    assert (manifest.graph.precision, manifest.id, manifest.verified) == (precision, "tiny", None)
    assert manifest.languages == {"en": 202, "de": 203} and manifest.source.licence == "MIT"
    check_files(folder, manifest)
    assert len(tokens_of(folder)) > 0


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_cuda_graph_is_sound(weights, tmp_path, precision):
    folder = build(weights, precision, "cuda", tmp_path, "tiny")
    model = onnx.load(folder / "model.onnx")
    assert "lengths" not in [value.name for value in model.graph.input]
    with pytest.raises(ModelError, match="onnxruntime-gpu"):
        Graph(folder, read_manifest(folder))


def test_steps_may_read_the_audio_in_int8(source, tmp_path, monkeypatch, capsys):
    options = [source, "--precision", "fp16", "--out", tmp_path, "--cross-attention-cache"]
    for identity, cache in (("half", "float16"), ("int8", "int8")):
        assert run_main(monkeypatch, capsys, *options, cache, "--id", identity)[0] == 0
    assert [read_manifest(tmp_path / name).graph.cross_attention_cache for name in ("half", "int8")] == [None, "int8"]
    half, whole = contents(tmp_path / "half"), contents(tmp_path / "int8")
    assert {name for name in half if half[name] != whole[name]} == {"manifest.json", "begin.onnx", "step.onnx", "step-aligned.onnx"}
    code, _, err = run_main(monkeypatch, capsys, *options, "int8", "--target", "cpu")
    assert code == 2 and "is for --target cuda" in err


def test_both_formats_make_the_same_graph(tmp_path):
    whisper = RandomWhisper(width=128, layers=2, decoder_layers=1, languages=2)
    sources = [write_huggingface(whisper, tmp_path / "hf"), write_ctranslate2(whisper, tmp_path / "ct2")]
    built = [build(load_source(str(each)), "int8", "cpu", tmp_path / "out", each.name) for each in sources]
    assert (built[0] / "model.onnx").read_bytes() == (built[1] / "model.onnx").read_bytes()


def test_weights_beyond_a_protobuf_lie_beside_the_graph(weights, tmp_path, monkeypatch):
    whole = tokens_of(build(weights, "fp32", "cpu", tmp_path, "whole"))
    monkeypatch.setattr("graph.EXTERNAL_ABOVE_BYTES", 100_000)
    folder = build(weights, "fp32", "cpu", tmp_path, "split")
    manifest = read_manifest(folder)
    assert "model.onnx.data" in manifest.files
    check_files(folder, manifest)
    assert tokens_of(folder) == whole


@pytest.mark.parametrize("failure", [ValueError("no such layer"), OSError(28, "no space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["write_graph", "write_manifest"])
def test_a_failure_in_the_middle_leaves_all_as_it_was(weights, tmp_path, monkeypatch, step, failure):
    out = tmp_path / "out"
    build(weights, "int8", "cpu", out, "kept")
    before, real = contents(out), getattr(build_module, step)

    def fail(*arguments):
        real(*arguments)  # so that half of the files are there
        raise failure

    monkeypatch.setattr(build_module, step, fail)
    for identity, force in (("new", False), ("kept", True)):
        with pytest.raises((ModelError, type(failure))):
            build(weights, "fp32", "cpu", out, identity, force)
        assert contents(out) == before
        assert [path.name for path in out.iterdir()] == ["kept"]


def test_replaces_a_model_only_when_told_to(weights, tmp_path):
    build(weights, "int8", "cpu", tmp_path, "tiny")
    before = contents(tmp_path)
    with pytest.raises(ModelError, match="--force"):
        build(weights, "fp32", "cpu", tmp_path, "tiny")
    assert contents(tmp_path) == before
    build(weights, "fp32", "cpu", tmp_path, "tiny", force=True)
    assert read_manifest(tmp_path / "tiny").graph.precision == "fp32"
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_the_old_model_comes_back_when_the_new_one_cannot_take_its_place(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "file").write_text("old")
    with pytest.raises(OSError):
        replace(tmp_path / "missing", tmp_path / "model", tmp_path / "aside")
    assert contents(tmp_path) == {"model/file": b"old"}


def test_a_terminated_build_leaves_nothing(source, tmp_path):
    program = (f"import sys, time; sys.path.insert(0, {str(Path(build_module.__file__).parent)!r}); import build\n"
               "def write_graph(weights, precision, target, path, plan):\n"
               "    path.write_bytes(b'half'); print('writing', flush=True); time.sleep(60)\n"
               "build.write_graph = write_graph\n"
               f"sys.argv = ['build', {source!r}, '--out', {str(tmp_path / 'out')!r}]; sys.exit(build.main())")
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "writing\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 143
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("identity", ["../up", "Tiny", "", ".hidden", "a b"])
def test_refuses_an_id_that_is_no_folder(weights, tmp_path, identity):
    with pytest.raises(ModelError, match="cannot be a folder's name"):
        build(weights, "int8", "cpu", tmp_path, identity)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "expected"), [
    ("openai/whisper-large-v3-turbo", "whisper-large-v3-turbo-int8"), ("My Model", "my-model-int8"), ("??", "whisper-int8"),
    ("pypi:some-models==0.1.0", "some-models-0.1.0-int8")])
def test_names_a_model_after_its_source(name, expected):
    assert default_id(name, "int8", "cpu") == expected


def run_main(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["build", *map(str, arguments)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return main(), *capsys.readouterr()


def test_the_command_prints_where_the_model_is(source, tmp_path, monkeypatch, capsys):
    code, out, err = run_main(monkeypatch, capsys, source, "--out", tmp_path)
    assert (code, err) == (0, "") and out.startswith(str(tmp_path / "tiny-int8"))


def test_the_command_takes_a_plan(source, tmp_path, monkeypatch, capsys):
    (tmp_path / "plan.json").write_text('{"model.encoder.layers.0.fc?": "fp16"}')
    code, out, err = run_main(monkeypatch, capsys, source, "--out", tmp_path / "out", "--plan", tmp_path / "plan.json")
    folder = tmp_path / "out" / "tiny-mixed"
    assert (code, err) == (0, "") and str(folder) in out
    assert read_manifest(folder).graph.precision == "mixed"
    assert len(tokens_of(folder)) > 0
    (tmp_path / "plan.json").write_text('{"model.encoder.layers.7.fc?": "fp16"}')
    code, _, err = run_main(monkeypatch, capsys, source, "--out", tmp_path / "out", "--plan", tmp_path / "plan.json", "--force")
    assert code == 2 and "is no layer of tiny" in err


@pytest.mark.parametrize("arguments", [["nonsense"], ["SOURCE", "--precision", "int4", "--target", "cuda"]])
def test_the_command_says_in_one_line_what_is_wrong(source, tmp_path, monkeypatch, capsys, arguments):
    arguments = [source if word == "SOURCE" else word for word in arguments]
    code, out, err = run_main(monkeypatch, capsys, *arguments, "--out", tmp_path / "out")
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith("model: ")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
