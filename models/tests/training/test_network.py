"""The network computes what the fp32 graph computes, for whole, factored and pruned layers, clip by clip and in a batch."""
import dataclasses

import numpy as np
import pytest
import torch
from training.context import plan_context
from training.log_mel import LogMel
from training.network import Whisper

from graph import write_graph
from tiny_whisper import VOCABULARY, first_logprobs, open_session, speech, tiny_weights


def network_logprobs(weights, clips, tokens, whole=False) -> np.ndarray:
    network = Whisper(weights).eval()
    context = plan_context([len(clip) for clip in clips], 1500, whole)
    pcm = torch.zeros(len(clips), 320 * context.seen.shape[1])
    for row, clip in zip(pcm, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    with torch.no_grad():
        logits = network(pcm, context, torch.tensor([tokens] * len(clips))).logits
    return logits.log_softmax(-1)[:, -1].numpy()


@pytest.mark.parametrize("shape", ["whole", "pruned", "factored"])
@pytest.mark.parametrize("whole", [False, True], ids=["short context", "30 s"])
def test_equals_the_graph(shape, whole, tmp_path):
    weights = tiny_weights(shape)
    write_graph(weights, "fp32", "cpu", tmp_path / "model.onnx")
    session = open_session(tmp_path / "model.onnx")
    clips, tokens = [speech(1.0), speech(3.3, 1)], [201, 205, 9, 17]
    ours = network_logprobs(weights, clips, tokens, whole)
    for row, clip in enumerate(clips):
        np.testing.assert_allclose(ours[row], first_logprobs(session, clip, tokens, whole), atol=2e-3)


def test_a_row_of_a_batch_is_what_it_is_alone():
    weights, clips = tiny_weights(), [speech(0.5), speech(4.0, 1)]
    together = network_logprobs(weights, clips, [201, 205])
    alone = np.concatenate([network_logprobs(weights, [clip], [201, 205]) for clip in clips])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_one_token_at_a_time_is_all_at_once():
    network, context = Whisper(tiny_weights()).eval(), plan_context([16000], 1500)
    pcm = torch.zeros(1, 320 * context.seen.shape[1])
    pcm[0, :16000] = torch.from_numpy(speech(1.0))
    tokens = torch.tensor([[201, 205, 9, 17]])
    with torch.no_grad():
        audio = network.decoder.read(network.encoder(pcm, context)[0], context)
        whole, _, _ = network.decoder(tokens, audio, context)
        _, _, past = network.decoder(tokens[:, :2], audio, context)
        for place in (2, 3):
            hidden, _, past = network.decoder(tokens[:, place : place + 1], audio, context, past)
            torch.testing.assert_close(hidden[:, 0], whole[:, place], atol=1e-4, rtol=0)


@pytest.mark.parametrize("shape", ["whole", "pruned", "factored"])
def test_its_weights_are_those_it_was_made_of(shape):
    weights = tiny_weights(shape)
    again = Whisper(weights).to_weights(dataclasses.replace(weights, tensors={
        **weights.tensors, "proj_out.weight": weights.tensors["model.decoder.embed_tokens.weight"]}))
    assert again.tensors.keys() == weights.tensors.keys()
    for name in weights.tensors:
        np.testing.assert_array_equal(again.tensor(name), weights.tensor(name))


def test_log_mel_is_the_graphs():
    import onnx
    import onnxruntime

    from graph_audio import log_mel
    from graph_pen import Constants, Pen, value_info

    pen = Pen(Constants(store_half=False))
    pen.op("Identity", log_mel(pen, "pcm", 80), outputs=["mel"])
    graph = onnx.helper.make_graph(
        pen.nodes, "mel", [value_info("pcm", np.float32, ["B", "N"])], [value_info("mel", np.float32)],
        [onnx.numpy_helper.from_array(array, name) for name, array in pen.constants.arrays.items()])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pcm = np.stack([speech(2.0), np.pad(speech(1.0, 1), (0, 16000))])
    np.testing.assert_allclose(LogMel(80)(torch.from_numpy(pcm)).numpy(), session.run(None, {"pcm": pcm})[0], atol=2e-5)


def test_the_vocabulary_is_whole():
    assert network_logprobs(tiny_weights(), [speech(0.5)], [201]).shape == (1, VOCABULARY)
