"""Fake quantisation computes what onnxruntime computes for each kind of layer, and lets gradients pass."""
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from training.context import plan_context
from training.fake_quantize import FakeQuantize, blocks, columns, kind_by_layer, quantize_network
from training.network import Whisper

from edit_weights import with_tensors
from graph import write_graph
from graph_linear import Layers, quantize_blocks, quantize_columns
from graph_pen import MICROSOFT, Constants, Pen, value_info
from tiny_whisper import first_logprobs, open_session, speech, tiny_weights


def onnxruntime_product(x: np.ndarray, weight: np.ndarray, kind: str) -> np.ndarray:
    pen = Pen(Constants(store_half=False))
    product = Layers(None, np.float32, kind, fused=False).product(pen, "x", "layer", weight, None, kind)
    pen.op("Identity", product, outputs=["y"])
    graph = onnx.helper.make_graph(
        pen.nodes, "product", [value_info("x", np.float32, list(x.shape))], [value_info("y", np.float32)],
        [onnx.numpy_helper.from_array(array, name) for name, array in pen.constants.arrays.items()])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[
        onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid(MICROSOFT, 1)])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("inputs", [96, 256])  # blocks of 32 and, in 8 bits, of 64
@pytest.mark.parametrize("kind", ["dynamic", "blocks8", "blocks4"])
def test_a_product_is_onnxruntimes(kind, inputs):
    random = np.random.default_rng(0)
    x = (random.standard_normal((1, 50, inputs)) * random.uniform(0.1, 4, (1, 50, 1)) + 0.3).astype(np.float32)
    weight = (random.standard_normal((64, inputs)) * random.uniform(0.1, 2, (64, 1))).astype(np.float32)
    expected, exact = onnxruntime_product(x, weight, kind), x @ weight.T
    fake = FakeQuantize(kind)
    tensors = torch.from_numpy(x), torch.from_numpy(weight)
    ours = (fake.input(tensors[0], None) @ fake.weight(tensors[1]).T).numpy()
    rounding = np.abs(expected - exact).max()
    assert rounding > 0.01
    assert np.abs(ours - expected).max() < 0.02 * rounding


@pytest.mark.parametrize("inputs", [96, 256])
def test_weights_are_rounded_as_the_build_rounds_them(inputs):
    weight = (np.random.default_rng(1).standard_normal((64, inputs)) * 0.3).astype(np.float32)
    weight[3, 32:64] = 0
    values, scales = quantize_columns(weight)
    np.testing.assert_array_equal(columns(torch.from_numpy(weight)).numpy(), values * scales[:, None])
    for bits in (8, 4):
        values, scales = quantize_blocks(weight, bits)
        if bits == 4:
            values = np.stack([values & 15, values >> 4], -1).reshape(64, -1, 32)
        expected = (values.astype(np.float32) - 2 ** (bits - 1)) * scales[..., None]
        np.testing.assert_array_equal(blocks(torch.from_numpy(weight), bits).numpy(), expected.reshape(64, inputs))


# Each half alone: an activation that one half leaves 1e-5 off falls into another step of the next, and after a whole int8
# network of random weights such steps are as large as all rounding
HALVES = {"encoder": {"model.decoder.*": "fp32"}, "decoder": {"*encoder.*": "fp32", "*encoder_attn.[kv]_proj": "fp32"}}


@pytest.mark.parametrize("shape", ["whole", "factored"])
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_a_network_is_the_graph_of_its_precision(precision, half, shape, tmp_path):
    plan = HALVES[half]
    clips, tokens = [speech(1.0), speech(2.5, 1)], [201, 205, 9]
    weights = halved(tiny_weights(shape, scale=0.1))
    write_graph(weights, precision, "cpu", tmp_path / "model.onnx", plan)
    session = open_session(tmp_path / "model.onnx")
    context = plan_context([len(clip) for clip in clips], 1500)
    pcm = torch.zeros(2, 320 * context.seen.shape[1])
    for row, clip in zip(pcm, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)

    def run(network):
        with torch.no_grad():
            return network(pcm, context, torch.tensor([tokens] * 2)).logits[:, -1].log_softmax(-1).numpy()

    network = Whisper(weights)
    exact = run(network)
    quantize_network(network, precision, plan)
    ours = run(network)
    for row, clip in enumerate(clips):
        expected = first_logprobs(session, clip, tokens)
        held = expected > -60  # float32 holds no smaller probability
        assert np.abs(ours[row] - expected)[held].mean() < 0.2 * np.abs(exact[row] - expected)[held].mean()


def halved(weights):
    """Weights that are halves already: a build stores some tensors so, which alone turns every tenth rounding of what follows."""
    halves = {name: read().astype(np.float16).astype(np.float32) for name, read in weights.tensors.items()}
    return with_tensors(weights, halves)


def test_kinds_are_those_of_the_build():
    kind = kind_by_layer("int8")
    assert kind("model.encoder.layers.0.fc1") == kind("model.decoder.layers.0.encoder_attn.k_proj") == "dynamic"
    assert kind("model.decoder.layers.0.encoder_attn.q_proj") == kind("model.decoder.embed_tokens") == "blocks8"
    assert kind_by_layer("int4")("model.decoder.embed_tokens") == "blocks8"
    assert kind_by_layer("fp16")("model.decoder.embed_tokens") == "plain"


def test_gradients_pass_straight_through_the_rounding():
    x, weight = torch.randn(1, 4, 64, requires_grad=True), torch.randn(32, 64, requires_grad=True)
    for kind in ("dynamic", "blocks8", "blocks4"):
        fake = FakeQuantize(kind)
        gradient = torch.autograd.grad((fake.input(x, None) @ fake.weight(weight).T).sum(), [x, weight])
        torch.testing.assert_close(gradient[1], fake.input(x, None).sum((0, 1)).expand(32, -1))
        torch.testing.assert_close(gradient[0], fake.weight(weight).sum(0).expand(1, 4, -1))


def test_padding_does_not_widen_the_steps_of_a_row():
    x = torch.randn(2, 10, 64)
    x[1, 6:] = 50
    seen = torch.ones(2, 10, dtype=torch.bool)
    seen[1, 6:] = False
    fake = FakeQuantize("dynamic")
    torch.testing.assert_close(fake.input(x, seen)[1, :6], fake.input(x[1:, :6], None)[0])
