"""The graph for CUDA says what the graph for CPU says. Its kernels are there on the CPU too, but for two habits of CUDA's
attention in the decoder (graph_step.py), which only a GPU can show: test/bench/gpu compares real weights there."""
import numpy as np
import pytest

import graph_step
from graph import write_graph
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
        timestamps=np.array(False), alignment_on=np.array(False)) | changes


def masks(*allowed: list[int] | None) -> np.ndarray:
    """One row for each step: only these tokens, or all of them."""
    rows = np.zeros((len(allowed), VOCABULARY), np.float32)
    for row, tokens in zip(rows, allowed):
        if tokens is not None:
            row[:] = NEVER
            row[tokens] = 0
    return rows


likely_end = np.zeros((1, VOCABULARY), np.float32)
likely_end[0, END] = 8


@pytest.mark.parametrize("changes", [
    {}, {"rows": 1},
    {"max_new": np.array([5, 3])}, {"max_new": np.array([1, 1])},
    {"masks": masks([7], [9])}, {"masks": masks([7], [8, 10], None)}, {"masks": masks([END])},
    {"rows": 3, "masks": likely_end, "temperature": np.ones(3, np.float32), "seed": np.arange(3)},
    {"forced": np.array([-1, 203, 206])},
    {"prompt": np.array([[204, 5, 6, 201]] * 2), "sot_index": np.array(3)},
    {"temperature": np.array([1, 0.5], np.float32), "seed": np.array([1, 2]), "alignment_on": np.array(True)},
    {"alignment_on": np.array(True)},
    {"timestamps": np.array(True), "max_new": np.array([40, 30])},
    {"timestamps": np.array(True), "forced": np.array([-1, 203]), "max_new": np.array([40, 30])},
    *[{"timestamps": np.array(True), "temperature": np.ones(2, np.float32), "seed": np.array([seed, seed + 9]),
       "max_new": np.array([40, 30])} for seed in range(4)],
])
def test_says_what_the_graph_for_cpu_says(sessions, changes):
    cuda, cpu = sessions
    feeds = request(**changes)
    expected = dict(zip([output.name for output in cpu.get_outputs()], cpu.run(None, feeds)))
    wanted = {entry.name for entry in cuda.get_inputs()}
    result = dict(zip([output.name for output in cuda.get_outputs()],
                      cuda.run(None, {name: value for name, value in feeds.items() if name in wanted})))
    np.testing.assert_array_equal(result["tokens"], expected["tokens"])
    for name in ("token_logprob", "probe_prob", "alignment"):
        np.testing.assert_allclose(result[name], expected[name], atol=2e-4)


