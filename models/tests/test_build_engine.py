"""The logic of building TensorRT engines: what is cut out, for which shapes, where it lies and when it is built anew. TensorRT
itself needs a GPU; a script stands in for trtexec."""
import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

import build_engine as door
from build_engine import build_engine, main, parse_version, trtexec_command
from engine.context_graph import context_graph
from engine.encoder_subgraph import borders, encoder_subgraph
from engine.engine_folder import Device, EngineKey, hash_graph
from engine.shape_profile import ShapeProfile, parse_profile
from graph import write_graph
from hash_file import hash_file
from random_whisper import RandomWhisper
from weights import ModelError

PROFILE = ShapeProfile((1, 16, 64), (750, 1500, 1500))
DEVICE = Device("NVIDIA H100 80GB HBM3", "9.0")


@pytest.fixture(scope="module", params=["fp32", "fp16"])
def graph(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("engine") / "model.onnx"
    whisper = RandomWhisper()
    random = np.random.default_rng(3)
    for name, tensor in whisper.tensors.items():
        if name.endswith(".bias"):
            whisper.tensors[name] = random.standard_normal(tensor.shape, np.float32) * np.float32(0.1)
    write_graph(whisper, request.param, "cuda", path)
    return onnx.load(str(path))


def run(model, hidden):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: hidden})[0]


def test_standard_operators_say_what_those_of_microsoft_say(graph):
    lowered, original = encoder_subgraph(graph), encoder_subgraph(graph, lowered=False)
    assert {node.domain for node in lowered.graph.node} == {""}
    onnx.checker.check_model(lowered, full_check=True)
    half = lowered.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT16
    for rows, positions in ((1, 50), (3, 75)):
        hidden = np.random.default_rng(rows).standard_normal((rows, positions, 64), np.float32)
        hidden = hidden.astype(np.float16) if half else hidden
        assert np.allclose(run(lowered, hidden), run(original, hidden), atol=2e-2 if half else 1e-5)


def test_the_context_node_stands_where_the_encoder_was(graph):
    start, end = borders(graph.graph)
    made = context_graph(graph, "encoder.engine", "9.0", "10.16.1")
    context = [node for node in made.graph.node if node.op_type == "EPContext"]
    assert [(list(node.input), list(node.output)) for node in context] == [([start], [end])]
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in context[0].attribute}
    assert attributes["ep_cache_context"] == b"encoder.engine"
    assert attributes["hardware_architecture"] == b"90"
    names = {tensor.name for tensor in made.graph.initializer}
    assert not any(name.startswith("model.encoder.layers.") for name in names)
    assert any(name.startswith("model.decoder.layers.") for name in names)
    # Whatever is read is written before, or stored
    there = names | {entry.name for entry in made.graph.input}
    for node in made.graph.node:
        assert {name for name in node.input if name} <= there
        there |= set(node.output)
    assert {entry.name for entry in made.graph.output} <= there


def test_a_graph_for_cpu_is_refused(tmp_path):
    write_graph(RandomWhisper(), "fp32", "cpu", tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="--target cuda"):
        encoder_subgraph(onnx.load(str(tmp_path / "model.onnx")))


def test_a_profile_becomes_shapes():
    assert parse_profile("1,16,64", "15,30,30", 1500) == PROFILE
    assert PROFILE.shapes(1280) == {"min": "1x750x1280", "opt": "16x1500x1280", "max": "64x1500x1280"}


@pytest.mark.parametrize("rows, seconds", [
    ("16", "15,30,30"), ("0,1,2", "15,30,30"), ("4,2,8", "15,30,30"), ("1,2,500", "15,30,30"), ("a,b,c", "15,30,30"),
    ("1,2,3", "15,30,31"), ("1,2,3", "-5,15,30"), ("1,2,3,4", "15,30,30"),
])
def test_a_profile_that_cannot_be_is_refused(rows, seconds):
    with pytest.raises(ModelError, match="three rising whole numbers"):
        parse_profile(rows, seconds, 1500)


def test_the_command_is_that_of_trtexec(tmp_path):
    shapes = PROFILE.shapes(384)
    command = trtexec_command("trtexec", tmp_path, "Add_9", shapes, "fp16", tmp_path / "h100.timing")
    assert command == [
        "trtexec", f"--onnx={tmp_path}/encoder.onnx", f"--saveEngine={tmp_path}/encoder.engine",
        "--minShapes=Add_9:1x750x384", "--optShapes=Add_9:16x1500x384", "--maxShapes=Add_9:64x1500x384",
        "--stronglyTyped", f"--timingCacheFile={tmp_path}/h100.timing", "--skipInference"]
    assert "--fp16" in trtexec_command("trtexec", tmp_path, "Add_9", shapes, "fp32", tmp_path)


def test_another_graph_gpu_tensorrt_or_shape_is_another_engine(tmp_path):
    key = EngineKey(DEVICE, "10.16.1", "fp16", PROFILE, "a" * 64)
    others = [
        replace(key, graph_sha256="b" * 64), replace(key, tensorrt="10.16.2"), replace(key, precision="fp32"),
        replace(key, device=Device("NVIDIA H200", "9.0")), replace(key, device=Device(DEVICE.name, "8.9")),
        replace(key, profile=ShapeProfile((1, 8, 64), (750, 1500, 1500))),
        replace(key, profile=ShapeProfile((1, 16, 64), (500, 1500, 1500)))]
    folders = [each.folder(tmp_path) for each in [key, *others]]
    assert len(set(folders)) == len(folders)
    assert folders[0].name == "nvidia-h100-80gb-hbm3_sm90_trt10.16.1_fp16_b1-16-64-t750-1500-1500_aaaaaaaaaaaa"
    # Kernels are timed once a GPU and version, whatever the graph and its shapes
    timings = [each.timing_cache(tmp_path) for each in [key, *others]]
    assert timings[0] == timings[1] == timings[6] != timings[2]


def test_versions_are_read_from_what_trtexec_says():
    assert parse_version("&&&& RUNNING TensorRT.trtexec [TensorRT v101601] [b11] # trtexec --help") == "10.16.1"
    with pytest.raises(ModelError, match="--tensorrt"):
        parse_version("no such thing")


def test_weights_in_a_file_of_their_own_are_part_of_the_graph(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"graph")
    alone = hash_graph(path)
    assert alone == hash_file(path)
    (tmp_path / "model.onnx.data").write_bytes(b"weights")
    with_weights = hash_graph(path)
    (tmp_path / "model.onnx.data").write_bytes(b"other weights")
    assert len({alone, with_weights, hash_graph(path)}) == 3


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model's folder, and a stand-in for trtexec that notes its calls."""
    folder = tmp_path / "whisper-random-fp16"
    folder.mkdir()
    write_graph(RandomWhisper(), "fp16", "cuda", folder / "model.onnx")
    script = tmp_path / "trtexec"
    script.write_text('#!/bin/sh\necho "[TensorRT v101601]"\necho "$@" >> "$0.calls"\n'
                      'for each; do case "$each" in --saveEngine=*) echo engine > "${each#*=}";; esac; done\n')
    script.chmod(0o755)
    graph = type("Graph", (), {"file": "model.onnx", "precision": "fp16", "target": "cuda"})
    dimensions = type("Dimensions", (), {"audio_context": 1500})
    monkeypatch.setattr(door, "read_manifest", lambda _: type("Manifest", (), {"id": "random", "graph": graph,
                                                                              "dimensions": dimensions}))
    return folder, script


GPU = ["--gpu", DEVICE.name, "--compute-capability", DEVICE.compute_capability]


def calls(script) -> int:
    path = script.with_name("trtexec.calls")
    return sum("--saveEngine" in line for line in path.read_text().splitlines()) if path.is_file() else 0


def test_an_engine_is_built_once_and_anew_when_the_graph_changes(model, capsys):
    folder, script = model
    command = [str(folder), "--trtexec", str(script), *GPU]
    assert main(command) == 0
    built = capsys.readouterr().out.strip()
    assert {path.name for path in (folder / "engines" / built.split("/")[-1]).iterdir()} == {
        "encoder.engine", "engine.json", "model.onnx"}
    described = json.loads((folder / "engines" / built.split("/")[-1] / "engine.json").read_text())
    assert described["graphSha256"] == hash_file(folder / "model.onnx")
    assert described["tensorRtVersion"] == "10.16.1"
    assert main(command) == 0
    assert calls(script) == 1
    write_graph(RandomWhisper(seed=9), "fp16", "cuda", folder / "model.onnx")
    assert main(command) == 0
    assert calls(script) == 2
    assert capsys.readouterr().out.split()[-1] != built


def test_a_failed_build_leaves_nothing(model, capsys):
    folder, script = model
    script.write_text('#!/bin/sh\necho "[TensorRT v101601]"\ncase "$1" in --help) exit 0;; esac\nexit 1\n')
    assert main([str(folder), "--trtexec", str(script), *GPU]) == 2
    assert "trtexec failed" in capsys.readouterr().err
    assert list((folder / "engines").iterdir()) == []


def test_the_command_can_be_had_without_tensorrt(model, capsys):
    folder, _ = model
    assert main([str(folder), "--trtexec", "no-trtexec", *GPU]) == 2
    assert "--print" in capsys.readouterr().err
    assert main([str(folder), "--trtexec", "no-trtexec", "--print", *GPU]) == 0
    assert capsys.readouterr().out.startswith("no-trtexec --onnx=")
    assert (folder / "engines" / "prepared" / "encoder.onnx").is_file()


def test_an_engine_of_another_machine_is_taken(model, tmp_path, capsys):
    folder, _ = model
    engine = tmp_path / "from-elsewhere"
    engine.write_bytes(b"built elsewhere")
    command = [str(folder), "--trtexec", "no-trtexec", "--engine", str(engine), *GPU]
    assert main(command) == 2
    assert "--tensorrt" in capsys.readouterr().err
    assert main([*command, "--tensorrt", "10.16.1"]) == 0
    built = tmp_path / capsys.readouterr().out.strip()
    assert (built / "encoder.engine").read_bytes() == b"built elsewhere"
    assert {path.name for path in built.iterdir()} == {"encoder.engine", "engine.json", "model.onnx"}


def test_a_tensorrt_that_onnxruntime_cannot_load_is_refused(model, capsys):
    folder, script = model
    assert main([str(folder), "--trtexec", str(script), "--tensorrt", "11.4.0", *GPU]) == 2
    assert "it takes 10" in capsys.readouterr().err
