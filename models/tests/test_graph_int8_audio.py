"""Keys and values of the audio as int8, and the attention that reads them: what they are, and how far from the numbers they stand for.
onnxruntime's kernel for processors rounds and attends as CUDA's is written to; that a GPU does, only one can show: test/bench/gpu."""
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import graph_step
from captured_values import COPIES
from graph import MICROSOFT, OPSET, write_captured
from graph_int8_audio import LEAST_SCALE, int8_attention, int8_audio
from graph_linear import Layers
from graph_pen import Constants, Pen, value_info
from random_whisper import RandomWhisper
from test_graph import open_session
from test_graph_captured import HEADS, KINDS, open_sessions, run_captured, small
from test_graph_cuda import END, likely_end, masks, never_end, request, run

ROWS, WIDTH, SIZE = 3, 64, 32
ROUNDED = ("whole key", "last key", "scale key", "whole value", "last value", "scale value")


def layers_of(dtype) -> Layers:
    return Layers(RandomWhisper(), dtype, "plain", fused=True)


def open_graph(pen: Pen, taken, given) -> onnxruntime.InferenceSession:
    graph = helper.make_graph(pen.nodes, "part", taken, given)
    graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in pen.constants.arrays.items())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)])
    model.ir_version = 10
    return onnxruntime.InferenceSession(model.SerializeToString())


@pytest.fixture(scope="module", params=[np.float32, np.float16])
def rounding(request):
    """Keys and values of one layer, (ROWS, L, WIDTH) → ROUNDED."""
    pen = Pen(Constants(store_half=False))
    int8_audio(pen, layers_of(request.param), ["key", "value"], [0, 1], [ROUNDED[:3], ROUNDED[3:]])
    session = open_graph(pen, [value_info(name, request.param, ["B", "L", WIDTH]) for name in ("key", "value")],
                         [value_info(name, np.int8 if "whole" in name else request.param) for name in ROUNDED])
    return lambda keys, values: dict(zip(ROUNDED, session.run(None, {"key": keys.astype(request.param),
                                                                     "value": values.astype(request.param)})))


def numbers(length: int, seed=0) -> np.ndarray:
    """Some channels a thousand times as loud as others, all loudest at a place of their own."""
    random = np.random.default_rng(seed)
    return random.standard_normal((ROWS, length, WIDTH), np.float32) * np.geomspace(0.02, 20, WIDTH, dtype=np.float32)


def split(values: np.ndarray) -> np.ndarray:
    return values.reshape(*values.shape[:2], -1, SIZE).transpose(0, 2, 1, 3)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 50, 63, 64, 65, 511, 513, 750, 1499, 1500])
def test_numbers_are_within_half_a_step_of_their_channel(rounding, length):
    keys, values = numbers(length), numbers(length, 1)
    found = rounding(keys, values)
    for name, given in (("key", keys), ("value", values)):
        whole, scale = found[f"whole {name}"], found[f"scale {name}"].astype(np.float32)
        assert whole.dtype == np.int8 and whole.shape == (ROWS, 2, length, SIZE)
        assert scale.shape == (ROWS, 2, COPIES if name == "key" else 1, SIZE)
        np.testing.assert_array_equal(scale, np.broadcast_to(scale[:, :, :1], scale.shape))
        expected = split(given)
        np.testing.assert_allclose(scale[:, :, 0], np.maximum(np.abs(expected).max(2) / 127, LEAST_SCALE), rtol=2e-3)
        assert np.abs(whole.astype(int)).max(2).min() >= 126 or scale.min() == np.float32(LEAST_SCALE)
        assert whole.min() >= -127
        error = np.abs(whole * scale[:, :, :1] - expected) / scale[:, :, :1]
        assert error.max() < 0.6  # halves are themselves off by up to 127 / 2048
        last = found[f"last {name}"]
        np.testing.assert_array_equal(last.reshape(ROWS, 2, SIZE), whole[:, :, -1])


def test_rows_do_not_change_one_another(rounding):
    keys, values = numbers(50), numbers(50, 1)
    alone = rounding(keys[1:2], values[1:2])
    for name, value in rounding(keys, values).items():
        np.testing.assert_array_equal(value[1:2], alone[name])


def test_silence_has_a_scale(rounding):
    nothing, something = np.zeros((ROWS, 50, WIDTH), np.float32), numbers(50)
    something[0], something[1, :, 5], something[2, :, 7] = 0, 0, 1e-7
    for keys, values in ((nothing, nothing), (something, nothing)):
        found = rounding(keys, values)
        for name in ("scale key", "scale value"):
            assert np.isfinite(found[name]).all() and found[name].min() == LEAST_SCALE
        assert not found["whole key"][keys.reshape(ROWS, 50, 2, SIZE).transpose(0, 2, 1, 3) == 0].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("length", [1, 50, 1500])
def test_attention_is_that_to_the_numbers(dtype, length):
    layers, pen, given = layers_of(dtype), Pen(Constants(store_half=False)), []
    names = [[f"int8 audio {name} 0", f"int8 last {name} 0", f"scale {name} 0"] for name in ("key", "value")]
    int8_audio(pen, layers, ["key", "value"], [0, 1], names)
    bias = np.linspace(-0.5, 0.5, WIDTH, dtype=np.float32)
    attended, _ = int8_attention(pen, layers, 0, "query", bias, " out", given)
    taken = [value_info("query", dtype, ["B", 1, WIDTH]), *[value_info(name, dtype, ["B", "L", WIDTH]) for name in ("key", "value")],
             value_info("last position", np.int32, ["B"]), value_info("positions", np.int32, [1])]
    session = open_graph(pen, taken, [value_info(attended, dtype), value_info(names[0][0], np.int8), *given])
    random = np.random.default_rng(4)
    query = random.standard_normal((ROWS, 1, WIDTH), np.float32)
    # As loud as Whisper's: scores of some units, channels within a factor of ten
    loudness = np.geomspace(0.3, 3, WIDTH, dtype=np.float32)
    keys, values = (random.standard_normal((ROWS, length, WIDTH), np.float32) * loudness for _ in range(2))
    feeds = {"query": query, "key": keys, "value": values}
    result, before, *after = session.run(None, {name: value.astype(dtype) for name, value in feeds.items()} | {
        "last position": np.full(ROWS, length - 1, np.int32), "positions": np.array([length], np.int32)})
    scores = np.einsum("bhqd,bhkd->bhqk", split(query + bias), split(keys)) / np.sqrt(SIZE)
    odds = np.exp(scores - scores.max(-1, keepdims=True))
    expected = np.einsum("bhqk,bhkd->bqhd", odds / odds.sum(-1, keepdims=True), split(values)).reshape(ROWS, 1, WIDTH)
    assert result.shape == expected.shape
    # Of what a channel's values reach
    assert (np.abs(result - expected) / np.abs(values).max(1, keepdims=True)).max() < 0.005
    # What the kernel writes is what lies there already
    np.testing.assert_array_equal(after[0], before)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    return open_sessions(tmp_path_factory.mktemp("int8"), True)


@pytest.mark.parametrize("changes", [
    {}, {"rows": 1}, {"max_new": np.array([1, 1])}, {"masks": masks([7], [8, 10], None)}, {"masks": masks([END])},
    {"masks": likely_end, "alignment_on": np.array(True), "max_new": np.array([30, 7])},
    {"forced": np.array([-1, 203, 206]), "alignment_on": np.array(True)},
    {"prompt": np.array([[204, 5, 6, 201]] * 2), "sot_index": np.array(3)},
    {"masks": never_end, "max_new": np.array([63, 62])},
    {"timestamps": np.array(True), "max_new": np.array([40, 30])},
])
def test_the_graphs_say_what_the_one_graph_says_in_its_own_type(sessions, changes):
    feeds = request(**changes)
    kind = "step-aligned" if feeds["alignment_on"] else "step"
    result, expected = run_captured(sessions, feeds, 4, kind), run(sessions["model"], feeds)
    np.testing.assert_array_equal(result["tokens"], expected["tokens"])
    np.testing.assert_allclose(result["token_logprob"], expected["token_logprob"], atol=0.01)
    np.testing.assert_allclose(result["alignment_scores"], expected["alignment_scores"], atol=8)


@pytest.mark.parametrize("aligned", [False, True])
def test_layers_with_alignment_heads_are_given_as_they_are_read(sessions, aligned):
    feeds = request(alignment_on=np.array(aligned)) | {"room": np.array([68]), "key shape": np.array([0, 0, -1, 1, 32])}
    begun = run(sessions["begin"], {name: np.asarray(value) for name, value in feeds.items()})
    rows = {name: len(value) for name, value in begun.items() if "audio" in name or name.startswith("scale") or "last" in name}
    own = {name: 2 if aligned else 0 for layer in HEADS for name in (f"audio key {layer}", f"audio value {layer}")}
    int8 = {f"{part} {name} {layer}": 0 if aligned and layer in HEADS else 2 for layer in range(3) for name in ("key", "value")
            for part in ("int8 audio", "int8 last", "scale")}
    assert rows == own | int8


def test_no_layer_need_have_alignment_heads(tmp_path):
    whisper = small()
    whisper.alignment_heads = []
    graph_step.FOR_GPU = False
    try:
        write_captured(whisper, "fp32", tmp_path / "model.onnx", True)
    finally:
        graph_step.FOR_GPU = True
    opened = {kind: open_session(tmp_path / f"{kind}.onnx") for kind in ("begin", "step")}
    assert {entry.type for entry in opened["step"].get_inputs() if "int8 audio" in entry.name} == {"tensor(int8)"}
    assert {f"int8 audio key {layer}" for layer in range(3)} <= {entry.name for entry in opened["begin"].get_outputs()}
