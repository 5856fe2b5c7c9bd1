"""The graphs that CUDA captures say together what the graph says that does it all. Here on the processor, which has the same
kernels; that a GPU can capture them, only one can show: test/bench/gpu."""
import json

import numpy as np
import onnx
import pytest

import graph_step
from captured_fixture import FOLDER, write_fixture
from captured_values import STEPS
from graph import WEIGHTS, write_captured
from random_whisper import RandomWhisper
from test_graph import END, open_session
from test_graph_cuda import likely_end, masks, never_end, request, run

HEADS = {0: 1, 2: 2}  # by layer; one between them has none
KINDS = ("begin", "step", "step-aligned", "finish")
# Inputs that a kernel of CUDA reads on the host
ON_HOST = {"Squeeze": [1], "Unsqueeze": [1], "TopK": [1], "Slice": [1, 2, 3, 4], "Reshape": [1], "Expand": [1],
           "GroupQueryAttention": [6]}


def small() -> RandomWhisper:
    whisper = RandomWhisper(decoder_layers=3)
    whisper.alignment_heads = [(0, 1), (2, 0), (2, 1)]
    random = np.random.default_rng(5)
    for name, tensor in whisper.tensors.items():
        if name.endswith(".bias") and "norm" not in name:
            whisper.tensors[name] = random.standard_normal(tensor.shape, np.float32) * np.float32(0.1)
    return whisper


def open_sessions(folder, int8: bool):
    graph_step.FOR_GPU = False
    try:
        write_captured(small(), "fp32", folder / "model.onnx", int8)
    finally:
        graph_step.FOR_GPU = True
    return {kind: open_session(folder / f"{kind}.onnx") for kind in ("model", *KINDS)}


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    return open_sessions(tmp_path_factory.mktemp("captured"), False)


def run_captured(sessions, feeds, rows: int, kind: str) -> dict[str, np.ndarray]:
    """As functions/transcribe-gpu/devices/captured does, with `rows` rows in every step; those too many are at their end."""
    feeds = {name: np.asarray(value) for name, value in feeds.items()}
    own, start = feeds["prompt"].shape
    most, room = int(feeds["max_new"].max()), 68
    begun = run(sessions["begin"], feeds | {"room": np.array([room]), "key shape": np.array([0, 0, -1, 1, 32])})
    count, aligned = int(begun["count"][0]), kind == "step-aligned"
    length, step = begun["first scores"].shape[-1], sessions[kind]
    for layer in HEADS:
        key = begun[f"audio key {layer}"]
        begun[f"audio key {layer}"] = key.reshape(*key.shape[:2], -1, 32) if key.size else key

    def filled(value: np.ndarray, fill=0) -> np.ndarray:
        return np.concatenate([value, np.full((rows - own, *value.shape[1:]), fill, value.dtype)])

    state = {name: value if name == "mask" else filled(value, name == "done") for name, value in begun.items()}
    state |= {"length": np.full(rows, start + count, np.int32), "room": np.array([room], np.int32),
              "positions": np.array([length], np.int32), "last position": np.full(rows, length - 1, np.int32),
              "first": np.array([start + count - 1])}
    heads = {layer: number * aligned for layer, number in HEADS.items()}
    state |= {f"scores {layer}": np.zeros((most + STEPS, rows * number * length), np.float32) for layer, number in heads.items()}
    state = {name: np.ascontiguousarray(value) for name, value in state.items()}
    binding = step.io_binding()
    for entry in step.get_inputs():
        value = state[entry.name]
        binding.bind_input(entry.name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)
    for entry in step.get_outputs():
        value = state[entry.name.split(" out")[0]]
        binding.bind_output(entry.name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)
    while count < most and not state["done"].all():
        step.run_with_iobinding(binding)
        count += STEPS
    feeds |= {name: state[name][:own] for name in ("history", "logprobs")} | {"first scores": begun["first scores"]}
    feeds |= {f"scores {layer}": state[f"scores {layer}"].reshape(-1, rows, number, 1, length) if number else
              np.zeros((0, rows, 0, 1, length), np.float32) for layer, number in heads.items()}
    return run(sessions["finish"], feeds | {"count": np.array([count])}) | {"probe_prob": begun["probe_prob"]}


@pytest.mark.parametrize("rows", [3, 4])
@pytest.mark.parametrize("changes", [
    {}, {"rows": 1}, {"max_new": np.array([5, 3])}, {"max_new": np.array([1, 1])},
    {"masks": masks([7], [9])}, {"masks": masks([7], [8, 10], None)}, {"masks": masks([END])},
    {"masks": likely_end, "alignment_on": np.array(True), "max_new": np.array([30, 7])},
    {"rows": 3, "masks": likely_end, "temperature": np.ones(3, np.float32), "seed": np.arange(3)},
    {"forced": np.array([-1, 203, 206]), "alignment_on": np.array(True)},
    {"prompt": np.array([[204, 5, 6, 201]] * 2), "sot_index": np.array(3)},
    {"rows": 3, "alignment_on": np.array(True), "audio_positions": np.array([50, 7, 31]), "max_new": np.array([12, 9, 5])},
    {"masks": never_end, "max_new": np.array([63, 62]), "alignment_on": np.array(True)},  # the last place of all
    {"timestamps": np.array(True), "max_new": np.array([40, 30]), "alignment_on": np.array(True)},
])
def test_say_together_what_the_one_graph_says(sessions, changes, rows):
    feeds = request(**changes)
    kind = "step-aligned" if feeds["alignment_on"] else "step"
    result, expected = run_captured(sessions, feeds, rows, kind), run(sessions["model"], feeds)
    np.testing.assert_array_equal(result["tokens"], expected["tokens"])
    for name in ("token_logprob", "probe_prob"):
        np.testing.assert_allclose(result[name], expected[name], atol=2e-5)
    assert result["alignment_scores"].shape == expected["alignment_scores"].shape
    np.testing.assert_allclose(result["alignment_scores"], expected["alignment_scores"], atol=2)


@pytest.fixture(scope="module", params=[False, True], ids=["float16", "int8"])
def folder(tmp_path_factory, request):
    """As a GPU has them, in halves."""
    folder = tmp_path_factory.mktemp("halves")
    write_captured(small(), "fp16", folder / "model.onnx", request.param)
    return folder


@pytest.mark.parametrize("kind", ["step", "step-aligned"])
def test_a_step_has_nothing_that_cannot_be_captured(folder, kind):
    graph = onnx.load(folder / f"{kind}.onnx", load_external_data=False).graph
    operators = {node.op_type for node in graph.node}
    assert not operators & {"If", "Loop", "Scan", "NonZero"}
    # Concat of unlike tensors and ScatterND begin with a copy from the host, which is gone when the step is run again
    assert not operators & {"Concat", "ScatterND", "Split"}
    constants = {tensor.name for tensor in graph.initializer}
    places = {name: set() for name in constants}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in constants:
                places[name].add(place in ON_HOST.get(node.op_type, []))
    assert [name for name, kinds in places.items() if len(kinds) > 1] == []  # it would be copied at every step


def test_share_one_file_of_weights(folder):
    def external(kind: str) -> dict[str, tuple[int, int]]:
        graph = onnx.load(folder / f"{kind}.onnx", load_external_data=False).graph
        found = {}
        for tensor in graph.initializer:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            if entries:
                assert entries["location"] == "model.onnx.data"
                found[tensor.name] = (int(entries["offset"]), list(tensor.dims))
        return found

    weights = {name: (place["offset"], place["shape"]) for name, place in json.loads((folder / WEIGHTS).read_text()).items()}
    used = [external(kind) for kind in ("model", *KINDS)]
    assert all(entries.items() <= weights.items() for entries in used)
    own = {"places before", f"model.decoder.positions and {STEPS}"}
    assert all(set(step) - own <= set(used[1]) for step in used[2:4]), "what a step reads is in the beginning too"
    assert len({offset for offset, _ in weights.values()}) == len(weights)


def test_a_model_without_alignment_heads_has_no_step_for_them(tmp_path):
    whisper = small()
    whisper.alignment_heads = []
    names = {path.name for path in write_captured(whisper, "fp16", tmp_path / "model.onnx")}
    assert names == {"model.onnx", "begin.onnx", "step.onnx", "finish.onnx", "model.onnx.data", WEIGHTS}


def test_the_fixture_of_the_tests_in_typescript_is_of_today(tmp_path):
    """Else: models/tests/captured_fixture.py."""
    write_fixture(tmp_path)
    paths = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.onnx")]
    assert {path.name for path in paths if path.parent.name} == {"begin.onnx", "step.onnx", "step-aligned.onnx"}
    for path in paths:
        assert (tmp_path / path).read_bytes() == (FOLDER / path).read_bytes(), path
