"""Layers that are factored, pruned or of a precision of their own: the graph computes what their tensors say."""
import numpy as np
import onnx
import onnxruntime
import pytest

import graph_step
from graph import build_graph, write_graph
from graph_linear import Layers
from graph_pen import MICROSOFT, Constants, Pen, value_info
from plan import check_plan, linear_keys, planned_precision, read_plan
from random_whisper import RandomWhisper
from test_graph import open_session, speech
from test_graph_cuda import request, run
from weights import ModelError

TOLERANCES = {"plain": 1e-5, "exact": 1e-5, "dynamic": 0.03, "blocks8": 0.02, "blocks4": 0.2}  # of the largest output
KEYS = ["model.encoder.layers.0.self_attn.q_proj", "model.encoder.layers.0.fc1", "model.encoder.layers.1.self_attn.out_proj",
        *[f"model.encoder.layers.1.self_attn.{name}_proj" for name in "qkv"], "model.encoder.layers.1.fc2",
        *[f"model.decoder.layers.1.self_attn.{name}_proj" for name in "qkv"], "model.decoder.layers.0.fc2",
        "model.decoder.layers.0.encoder_attn.k_proj", "model.decoder.layers.0.encoder_attn.q_proj"]


def factor(whisper, keys, rank=32):
    """The same whisper with factors in place of these layers, and one with their product."""
    factored, dense = RandomWhisper(), RandomWhisper()
    for key in keys:
        u, s, v = np.linalg.svd(whisper.tensors[key + ".weight"], full_matrices=False)
        up, down = u[:, :rank] * s[:rank], v[:rank]
        del factored.tensors[key + ".weight"]
        factored.tensors |= {key + ".up.weight": up, key + ".down.weight": down}
        dense.tensors[key + ".weight"] = up @ down
    return factored, dense


def draw_and_run(draw, **inputs):
    pen = Pen(Constants(store_half=False))
    pen.op("Identity", draw(pen), outputs=["y"])
    infos = [value_info(name, array.dtype, list(array.shape)) for name, array in inputs.items()]
    arrays = [onnx.numpy_helper.from_array(array, name) for name, array in pen.constants.arrays.items()]
    model = onnx.helper.make_model(
        onnx.helper.make_graph(pen.nodes, "layer", infos, [value_info("y", np.float32)], arrays), ir_version=10,
        opset_imports=[onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid(MICROSOFT, 1)])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


@pytest.mark.parametrize(("kind", "inputs", "block"), [
    ("blocks8", 384, 64), ("blocks8", 96, 32), ("blocks4", 384, 32)])
def test_a_layer_lies_in_the_largest_blocks_that_its_inputs_fill(kind, inputs, block):
    random = np.random.default_rng(3)
    weight, x = random.standard_normal((64, inputs), np.float32), random.standard_normal((1, 5, inputs), np.float32)
    layers = Layers(RandomWhisper(), np.float32, kind, fused=False)
    expected = x @ weight.T
    found = draw_and_run(lambda pen: layers.product(pen, "x", "layer", weight, None, kind), x=x)
    np.testing.assert_allclose(found, expected, atol=TOLERANCES[kind] * np.abs(expected).max())
    pen = Pen(Constants(store_half=False))
    layers.product(pen, "x", "layer", weight, None, kind)
    assert next(each.i for each in pen.nodes[-1].attribute if each.name == "block_size") == block
    assert pen.constants.arrays[f"layer.int{kind[-1]}.scale"].shape == (64, inputs // block)


@pytest.mark.parametrize("kind", ["blocks8", "blocks4"])
def test_rows_of_a_batch_are_those_of_each_alone_to_the_last_bit(kind):
    random = np.random.default_rng(4)
    weight, x = random.standard_normal((512, 384), np.float32), random.standard_normal((5, 1, 384), np.float32)
    layers = Layers(RandomWhisper(), np.float32, kind, fused=False)

    def product(rows):
        return draw_and_run(lambda pen: layers.product(pen, "x", "layer", weight, None, kind), x=rows)

    np.testing.assert_array_equal(product(x), np.concatenate([product(row[None]) for row in x]))


def test_a_layer_that_fills_no_blocks_stays_plain():
    pen = Pen(Constants(store_half=False))
    Layers(RandomWhisper(), np.float32, "blocks8", fused=False).product(pen, "x", "layer", np.ones((64, 240), np.float32), None, "blocks8")
    assert [node.op_type for node in pen.nodes] == ["MatMul"]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("kind", TOLERANCES)
def test_a_factored_layer_is_the_product_of_its_factors(kind, fused):
    key = "model.encoder.layers.0.fc1"
    factored, dense = factor(RandomWhisper(), [key])
    x = np.random.default_rng(1).standard_normal((1, 5, 64), np.float32)
    expected = x @ dense.tensors[key + ".weight"].T + dense.tensors[key + ".bias"]
    layers = Layers(factored, np.float32, kind, fused)
    limit = TOLERANCES[kind] * np.abs(expected).max()
    np.testing.assert_allclose(draw_and_run(lambda pen: layers.linear(pen, "x", key), x=x), expected, atol=limit)
    bare = draw_and_run(lambda pen: layers.project(pen, "x", key), x=x)
    np.testing.assert_allclose(bare + dense.tensors[key + ".bias"], expected, atol=limit)
    np.testing.assert_allclose(layers.weight(key), dense.tensors[key + ".weight"], atol=1e-5)


@pytest.mark.parametrize("kind", TOLERANCES)
@pytest.mark.parametrize("names", ["", "q", "qkv"])
def test_queries_keys_and_values_may_be_factored(names, kind):
    layer = "model.encoder.layers.0."
    factored, dense = factor(RandomWhisper(), [f"{layer}self_attn.{name}_proj" for name in names])
    x = np.random.default_rng(1).standard_normal((1, 5, 64), np.float32)
    tensor = dense.tensors
    parts = [x @ tensor[f"{layer}self_attn.{name}_proj.weight"].T + tensor.get(f"{layer}self_attn.{name}_proj.bias", 0)
             for name in "qkv"]
    layers = Layers(factored, np.float32, kind, False)
    limit = TOLERANCES[kind] * max(np.abs(part).max() for part in parts)
    split = draw_and_run(lambda pen: pen.concat(*layers.split_qkv(pen, "x", layer), axis=-1), x=x)
    packed = draw_and_run(lambda pen: layers.packed_qkv(pen, "x", layer, layers.qkv_bias(layer)), x=x)
    for found in (split, packed):
        np.testing.assert_allclose(found, np.concatenate(parts, -1), atol=limit)
    assert layers.heads(layer + "self_attn") == 2


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_a_factored_model_says_what_its_product_says(target, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_step, "FOR_GPU", False)
    results = []
    for name, whisper in zip(("factored", "dense"), factor(RandomWhisper(), KEYS)):
        write_graph(whisper, "fp32", target, tmp_path / name)
        session = open_session(tmp_path / name)
        wanted = {entry.name for entry in session.get_inputs()}
        results.append(session.run(None, {k: v for k, v in request(alignment_on=np.array(True)).items() if k in wanted}))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    for found, expected in zip(results[0][1:], results[1][1:]):
        np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_a_factored_graph_for_cuda_can_be_drawn(target):
    factored, _ = factor(RandomWhisper(), KEYS)
    _, arrays = build_graph(factored, "fp16", target)
    names = {name.removesuffix(".half") for name in arrays}
    assert "model.encoder.layers.0.fc1.up.weight.T" in names and "model.encoder.layers.0.fc1.weight.T" not in names


PLAN = {"model.encoder.layers.0.fc1": "fp32", "model.encoder.layers.0.*": "int8", "model.decoder.*.q_proj": "fp16",
        "model.encoder.conv1": "fp16"}


def test_a_plan_gives_each_layer_its_precision(tmp_path):
    whisper = RandomWhisper()
    _, arrays = build_graph(whisper, "int4", "cpu", PLAN)
    assert arrays["model.encoder.layers.0.fc1.weight.T"].dtype == np.float32
    assert arrays["model.encoder.layers.0.fc2.int8"].dtype == np.int8
    assert arrays["model.encoder.layers.1.fc2.int4"].dtype == np.uint8
    assert arrays["model.decoder.layers.0.self_attn.q_proj.weight.T.half"].dtype == np.float16
    assert "model.decoder.layers.0.self_attn.k_proj.int4" in arrays, "keys stay int4, apart from queries"
    assert "model.encoder.layers.1.qkv.int4" in arrays
    write_graph(whisper, "int4", "cpu", tmp_path / "mixed.onnx", PLAN)
    assert run(open_session(tmp_path / "mixed.onnx"), request(rows=1))["tokens"].shape == (1, 12)


def test_a_plan_of_fp32_alone_is_as_good_as_fp32(tmp_path):
    whisper = RandomWhisper()
    write_graph(whisper, "fp32", "cpu", tmp_path / "fp32.onnx")
    write_graph(whisper, "int4", "cpu", tmp_path / "mixed.onnx", {"*": "fp32"})
    first, second = (list(run(open_session(tmp_path / name), request()).values()) for name in ("fp32.onnx", "mixed.onnx"))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_allclose(first[1], second[1], atol=5e-3)  # biases and positions are stored as halves


def test_no_plan_changes_nothing(tmp_path):
    for name, plan in (("a", None), ("b", {})):
        write_graph(RandomWhisper(), "int8", "cpu", tmp_path / name, plan)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_first_pattern_that_matches_decides():
    assert planned_precision(PLAN, "model.encoder.layers.0.fc1", "int4") == "fp32"
    assert planned_precision(PLAN, "model.encoder.layers.0.fc2", "int4") == "int8"
    assert planned_precision(PLAN, "model.encoder.layers.1.fc2", "int4") == "int4"


def test_keys_name_every_layer_once_factored_or_not():
    factored, dense = factor(RandomWhisper(), KEYS)
    assert linear_keys(factored) == linear_keys(dense)
    assert len(linear_keys(dense)) == 2 * 6 + 2 * 10 + 2 + 1


@pytest.mark.parametrize(("text", "message"), [
    ('{"a": "int5"}', "plan.json: a is 'int5': write one of int4, int8, fp16, fp32"), ("[]", "holds list"), ("{", "is not JSON")])
def test_refuses_a_plan_that_is_none(tmp_path, text, message):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(ModelError, match=message):
        read_plan(tmp_path / "plan.json")


def test_refuses_patterns_that_match_nothing_and_plans_for_cuda():
    from types import SimpleNamespace

    whisper = RandomWhisper()
    whisper.source = SimpleNamespace(name="tiny")
    check_plan(PLAN, whisper)
    with pytest.raises(ModelError, match="'model.encoder.layers.9.\\*' is no layer of tiny"):
        check_plan({"model.encoder.layers.9.*": "fp16"}, whisper)
    with pytest.raises(ValueError, match="choose the target cpu"):
        build_graph(whisper, "fp16", "cuda", PLAN)
