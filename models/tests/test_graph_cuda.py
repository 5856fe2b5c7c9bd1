"""The graph for CUDA says what the graph for CPU says. Its kernels are there on the CPU too, but for two habits of CUDA's
attention in the decoder (graph_step.py), which only a GPU can show: test/bench/gpu compares real weights there."""
import numpy as np
import pytest

import graph_step
from graph import build_graph, inputs, write_graph
from graph_captured import draw_captured
from random_whisper import RandomWhisper
from test_graph import END, VOCABULARY, open_session, speech

NEVER = -1e9


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    whisper = RandomWhisper()
    random = np.random.default_rng(5)
    for name, tensor in whisper.tensors.items():
        if name.endswith(".bias") and "norm" not in name:
            whisper.tensors[name] = random.standard_normal(tensor.shape, np.float32) * np.float32(0.1)
    graph_step.FOR_GPU = False
    try:
        write_graph(whisper, "fp32", "cuda", folder / "cuda.onnx")
    finally:
        graph_step.FOR_GPU = True
    write_graph(whisper, "fp32", "cpu", folder / "cpu.onnx")
    return [open_session(folder / f"{target}.onnx") for target in ("cuda", "cpu")]


def request(rows=2, **changes):
    pcm = np.stack([speech(1, seed) for seed in range(rows)])
    return dict(
        pcm=pcm, lengths=np.full(rows, 50), silence_stride=np.array(0), prompt=np.full((rows, 1), 201), sot_index=np.array(0),
        max_new=np.full(rows, 12), masks=np.zeros((1, VOCABULARY), np.float32), forced=np.zeros(0, np.int64),
        probe_ids=np.array([205, 3]), temperature=np.zeros(rows, np.float32), seed=np.zeros(rows, np.int64),
        timestamps=np.array(False), alignment_on=np.array(False), audio_positions=np.full(rows, 50)) | changes


def run(session, feeds) -> dict[str, np.ndarray]:
    wanted = {entry.name for entry in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {name: value for name, value in feeds.items() if name in wanted})))


def fitted(feeds, expected, row: int) -> np.ndarray:
    """What layers/whisper makes of the CPU graph's attention: (steps of the row that count, positions)."""
    forced, limit = len(feeds["forced"]), feeds["max_new"][row]
    tokens = expected["tokens"][row][:limit]
    ends = np.flatnonzero(tokens == END)
    last = ends[0] + 1 if len(ends) else len(tokens)
    steps = [step for step in range(forced, last) if tokens[step] <= END]
    weights = expected["alignment"][steps, row, :, : feeds["audio_positions"][row]].astype(np.float64)
    weights /= weights.sum(-1, keepdims=True)
    deviation = weights.std(0)
    standard = np.where(deviation > 0, (weights - weights.mean(0)) / np.where(deviation > 0, deviation, 1), 0)
    padded = np.pad(standard, ((0, 0), (0, 0), (3, 3)), "reflect")
    return steps, np.median(np.lib.stride_tricks.sliding_window_view(padded, 7, -1), -1).mean(1)


def masks(*allowed: list[int] | None) -> np.ndarray:
    """One row for each step: only these tokens, or all of them."""
    rows = np.zeros((len(allowed), VOCABULARY), np.float32)
    for row, tokens in zip(rows, allowed):
        if tokens is not None:
            row[:] = NEVER
            row[tokens] = 0
    return rows


likely_end, never_end = np.zeros((2, 1, VOCABULARY), np.float32)
likely_end[0, END], never_end[0, END] = 8, NEVER


@pytest.mark.parametrize("changes", [
    {}, {"rows": 1},
    {"max_new": np.array([5, 3])}, {"max_new": np.array([1, 1])},
    {"masks": masks([7], [9])}, {"masks": masks([7], [8, 10], None)}, {"masks": masks([END])},
    {"rows": 3, "masks": likely_end, "temperature": np.ones(3, np.float32), "seed": np.arange(3)},
    {"forced": np.array([-1, 203, 206])},
    {"prompt": np.array([[204, 5, 6, 201]] * 2), "sot_index": np.array(3)},
    {"temperature": np.array([1, 0.5], np.float32), "seed": np.array([1, 2]), "alignment_on": np.array(True)},
    {"alignment_on": np.array(True)},
    {"rows": 3, "alignment_on": np.array(True), "audio_positions": np.array([50, 7, 31]), "max_new": np.array([12, 9, 5])},
    {"rows": 3, "alignment_on": np.array(True), "masks": likely_end, "temperature": np.ones(3, np.float32),
     "seed": np.arange(3), "audio_positions": np.array([48, 49, 4])},
    {"alignment_on": np.array(True), "forced": np.array([-1, 203, 206])},
    {"alignment_on": np.array(True), "timestamps": np.array(True), "max_new": np.array([40, 30])},
    {"masks": never_end, "max_new": np.array([63, 62]), "alignment_on": np.array(True)},  # 64 places, one of them the prompt's
    {"timestamps": np.array(True), "max_new": np.array([40, 30])},
    {"timestamps": np.array(True), "forced": np.array([-1, 203]), "max_new": np.array([40, 30])},
    *[{"timestamps": np.array(True), "temperature": np.ones(2, np.float32), "seed": np.array([seed, seed + 9]),
       "max_new": np.array([40, 30])} for seed in range(4)],
])
def test_says_what_the_graph_for_cpu_says(sessions, changes):
    cuda, cpu = sessions
    feeds = request(**changes)
    expected, result = run(cpu, feeds), run(cuda, feeds)
    np.testing.assert_array_equal(result["tokens"], expected["tokens"])
    for name in ("token_logprob", "probe_prob"):
        np.testing.assert_allclose(result[name], expected[name], atol=2e-4)
    scores = result["alignment_scores"]
    assert scores.dtype == np.int16 and scores.shape == (*expected["tokens"].T.shape, 50 if feeds["alignment_on"] else 0)
    if feeds["alignment_on"]:
        for row, positions in enumerate(feeds["audio_positions"]):
            steps, fits = fitted(feeds, expected, row)
            np.testing.assert_allclose(scores[steps, row, :positions] / 1024, fits, atol=0.003)


def test_ask_for_no_kernel_of_cudnn():
    """The image has no cuDNN: onnxruntime opens it for convolutions, pooling and the like."""
    whisper = RandomWhisper(decoder_layers=3)
    whisper.alignment_heads = [(1, 0), (2, 1)]
    loop, _ = build_graph(whisper, "fp16", "cuda")
    captured = [graph for int8 in (False, True) for graph in draw_captured(whisper, np.float16, inputs(whisper, True), int8)]
    assert {"Loop", "MultiHeadAttention", "DecoderMaskedMultiHeadAttention", "Softmax"} <= set(node_kinds(loop))
    for graph in (loop, *[drawn for _, drawn, _ in captured]):
        kinds = set(node_kinds(graph))
        assert not {kind for kind in kinds if "Conv" in kind or "Pool" in kind or "Norm" in kind and "Layer" not in kind}
        assert not kinds & {"LSTM", "GRU", "RNN", "Dropout", "LRN", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceLogSumExp"}


def node_kinds(graph):
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from node_kinds(attribute.g)
