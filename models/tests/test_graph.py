"""The graph's own promises, on a random Whisper: rows are independent, limits and forced tokens hold, sampling repeats."""
import numpy as np
import onnx
import onnxruntime
import pytest

from graph import build_graph, write_graph
from graph_audio import log_mel
from graph_pen import MICROSOFT, Constants, Pen, value_info
from random_whisper import RandomWhisper

VOCABULARY, END = 400, 200


def open_session(path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 2, 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module", params=["fp32", "fp16", "int8", "int4"])
def session(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    write_graph(RandomWhisper(), request.param, "cpu", path)
    return open_session(path)


def speech(seconds: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.standard_normal(round(seconds * 16000)) * np.hanning(round(seconds * 16000)) * 0.1).astype(np.float32)


def run(session, clips, stride=16, **changes):
    kept = [min(1500, -(-len(clip) // 320) + 50) for clip in clips]
    tails = [0 if stride == 0 else max(0, -(-(1500 - k - stride // 2) // stride)) for k in kept]
    pcm = np.zeros((len(clips), 320 * max(k + t for k, t in zip(kept, tails))), np.float32)
    for row, clip in zip(pcm, clips):
        row[: len(clip)] = clip
    count = len(clips)
    feeds = dict(
        pcm=pcm, lengths=np.array(kept), silence_stride=np.array(stride), prompt=np.full((count, 1), 201),
        sot_index=np.array(0), max_new=np.full(count, 12), masks=np.zeros((1, VOCABULARY), np.float32),
        forced=np.zeros(0, np.int64), probe_ids=np.array([205, 3]), temperature=np.zeros(count, np.float32),
        seed=np.zeros(count, np.int64), timestamps=np.array(False), alignment_on=np.array(False))
    feeds.update(changes)
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))


@pytest.mark.parametrize("stride", [0, 16])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_rows_of_different_length_do_not_change_one_another(session, stride, temperature):
    clips = [speech(1.3, 1), speech(4.0, 2), speech(0.2, 3)]
    heat = np.full(3, temperature, np.float32)
    together = run(session, clips, stride, temperature=heat, alignment_on=np.array(True))
    for row, clip in enumerate(clips):
        alone = run(session, [clip], stride, temperature=heat[:1], alignment_on=np.array(True))
        steps, places = alone["alignment"].shape[0], alone["alignment"].shape[3]
        np.testing.assert_array_equal(alone["tokens"][0], together["tokens"][row, :steps])
        np.testing.assert_allclose(alone["token_logprob"][0], together["token_logprob"][row, :steps], atol=2e-2)
        np.testing.assert_allclose(alone["probe_prob"][0], together["probe_prob"][row], atol=1e-3)
        np.testing.assert_allclose(alone["alignment"][:, 0], together["alignment"][:steps, row, :, :places], atol=1e-2)


def test_each_row_stops_at_its_own_limit(session):
    result = run(session, [speech(1), speech(1)], max_new=np.array([5, 3]))
    assert result["tokens"].shape == (2, 5)
    assert (result["tokens"][1, 3:] == END).all()
    np.testing.assert_array_equal(result["tokens"][0, :3], result["tokens"][1, :3])


def test_forced_tokens_stand_where_they_were_asked_for(session):
    result = run(session, [speech(1)], forced=np.array([-1, 203, 206]))
    free = run(session, [speech(1)])
    assert result["tokens"][0, 0] == free["tokens"][0, 0]
    assert result["tokens"][0, 1:3].tolist() == [203, 206]
    assert (result["token_logprob"][0, 1:3] == 0).all()


def test_masks_apply_to_their_step_and_the_last_to_all_later_ones(session):
    masks = np.full((2, VOCABULARY), -1e9, np.float32)
    masks[0, 7] = masks[1, 9] = 0
    result = run(session, [speech(1)], masks=masks)
    assert result["tokens"][0].tolist() == [7] + [9] * 11


def test_probabilities_at_the_start_do_not_depend_on_earlier_text(session):
    result = run(session, [speech(1)], probe_ids=np.arange(VOCABULARY))
    assert result["probe_prob"].sum() == pytest.approx(1, abs=1e-3)
    logprob = run(session, [speech(1)])["token_logprob"][0, 0]
    assert np.log(result["probe_prob"].max()) == pytest.approx(logprob, abs=1e-3)
    prompted = run(session, [speech(1)], prompt=np.array([[204, 5, 6, 201]]), sot_index=np.array(3))
    assert prompted["probe_prob"].shape == (1, 2)


def test_the_same_seed_draws_the_same_tokens_and_another_does_not(session):
    clips, heat = [speech(1)] * 3, np.full(3, 1.0, np.float32)
    result = run(session, clips, temperature=heat, seed=np.array([1, 2, 1]))["tokens"]
    assert result[0].tolist() == result[2].tolist() != result[1].tolist()


def test_sampling_follows_the_distribution(session):
    masks = np.full((1, VOCABULARY), -1e9, np.float32)
    masks[0, :4] = 0
    rows = 300
    result = run(session, [speech(0.2)] * rows, masks=masks, temperature=np.full(rows, 1.0, np.float32),
                 seed=np.arange(rows), max_new=np.full(rows, 1))
    observed = np.bincount(result["tokens"][:, 0], minlength=4) / rows
    probabilities = np.zeros(4)
    for token, logprob in zip(result["tokens"][:, 0], result["token_logprob"][:, 0]):
        probabilities[token] = np.exp(logprob)
    np.testing.assert_allclose(observed, probabilities, atol=0.1)


def allowed_by_openai(tokens: list[int], token: int, begin: int = 207) -> bool:
    """openai/whisper's decoding.py, ApplyTimestampRules, without its comparison of probabilities."""
    is_timestamp = token >= begin
    last = len(tokens) >= 1 and tokens[-1] >= begin
    penultimate = len(tokens) < 2 or tokens[-2] >= begin
    if last and (is_timestamp if penultimate else token < END):
        return False
    stamps = [earlier for earlier in tokens if earlier >= begin]
    if stamps and is_timestamp and token < (stamps[-1] if last and not penultimate else stamps[-1] + 1):
        return False
    return bool(tokens) or begin <= token <= begin + 50


@pytest.mark.parametrize("forced", [[], [-1, 203]])
def test_timestamps_follow_openai_rules(session, forced):
    masks = np.zeros((2 if forced else 1, VOCABULARY), np.float32)
    masks[:, END:207] = -1e9
    if forced:
        masks[0, 10:] = -1e9  # the language, say, is chosen first
    seen = set()
    for seed in range(8):
        result = run(session, [speech(1, seed)], temperature=np.ones(1, np.float32), seed=np.array([seed]),
                     forced=np.array(forced, np.int64), timestamps=np.array(True), max_new=np.array([40]), masks=masks)
        chosen = result["tokens"][0][len(forced):].tolist()
        for place, token in enumerate(chosen):
            assert allowed_by_openai(chosen[:place], token), chosen[: place + 1]
            seen.add(token >= 207)
    assert seen == {True, False}


def test_log_mel_equals_the_fourier_transform_of_numpy():
    pen = Pen(Constants(store_half=False))
    pen.op("Identity", log_mel(pen, "pcm", 80), outputs=["mel"])
    graph = onnx.helper.make_graph(
        pen.nodes, "mel", [value_info("pcm", np.float32, ["B", "N"])], [value_info("mel", np.float32)],
        [onnx.numpy_helper.from_array(array, name) for name, array in pen.constants.arrays.items()])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[
        onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid(MICROSOFT, 1)])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    audio = speech(2.0)
    [mel] = session.run(None, {"pcm": audio[None]})
    padded = np.pad(audio.astype(np.float64), 200, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = np.stack([padded[start : start + 400] * window for start in range(0, len(audio), 160)])
    power = np.abs(np.fft.rfft(frames)) ** 2
    from graph_audio import mel_filters
    log = np.log10(np.maximum(power @ mel_filters(80).T, 1e-10))
    expected = (np.maximum(log, log.max() - 8) + 4) / 4
    np.testing.assert_allclose(mel[0], expected, atol=2e-4)


def test_weights_beyond_a_protobuf_go_to_a_file_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr("graph.EXTERNAL_ABOVE_BYTES", 1000)
    whole, split = tmp_path / "whole", tmp_path / "split"
    split.mkdir(), whole.mkdir()
    files = write_graph(RandomWhisper(), "fp32", "cpu", split / "model.onnx")
    assert [file.name for file in files] == ["model.onnx", "model.onnx.data"]
    monkeypatch.setattr("graph.EXTERNAL_ABOVE_BYTES", 1 << 30)
    write_graph(RandomWhisper(), "fp32", "cpu", whole / "model.onnx")
    results = [run(open_session(folder / "model.onnx"), [speech(1)])["tokens"] for folder in (split, whole)]
    np.testing.assert_array_equal(*results)


def test_the_same_weights_make_the_same_bytes(tmp_path):
    for name in ("first.onnx", "second.onnx"):
        write_graph(RandomWhisper(), "int8", "cpu", tmp_path / name)
    assert (tmp_path / "first.onnx").read_bytes() == (tmp_path / "second.onnx").read_bytes()


@pytest.mark.parametrize(("precision", "target"), [("int8", "cuda"), ("fp64", "cpu"), ("fp32", "tpu")])
def test_refuses_what_it_cannot_build(precision, target):
    with pytest.raises(ValueError, match="choose"):
        build_graph(RandomWhisper(), precision, target)
