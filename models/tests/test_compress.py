"""Pruning and factoring: what goes is what mattered least, what stays is refitted, and the graph computes what is left."""
import dataclasses
import json
import sys

import faster_whisper.audio
import numpy as np
import pytest

import low_rank
import prune
from build import build, load_source
from clips import REFERENCES
from compare_tokens import read_audio
from compress.blocks import find_blocks, layer_parameters
from compress.calibration import passage
from compress.factor_weights import directions, encoder_keys, factor_weights, ranks_for_variance
from compress.halves import open_halves
from compress.prune_weights import prune_weights
from compress.reconstruct import output_error, reconstruct
from compress.statistics import Statistics, gather
from edit_weights import with_tensors
from load_huggingface import load_huggingface
from manifest import read_manifest
from plain_whisper import PlainWhisper
from random_whisper import RandomWhisper
from run_graph import SAMPLES, Graph, forbidden, prompt_of
from save_weights import save_weights
from training_manifest import TRAINED_ON, read_trained_on
from weights import ModelError
from whisper_folders import write_huggingface


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    whisper = RandomWhisper(width=128, heads=4, layers=2, languages=2)
    random = np.random.default_rng(7)
    for name, tensor in whisper.tensors.items():
        if name.endswith("bias") and "norm" not in name:
            whisper.tensors[name] = random.standard_normal(tensor.shape, np.float32) * np.float32(0.1)
    whisper.alignment_heads = [(0, 1), (1, 0), (1, 3)]
    return load_source(str(write_huggingface(whisper, tmp_path_factory.mktemp("source") / "tiny")), licence="MIT")


@pytest.fixture(scope="module")
def passages():
    random = np.random.default_rng(0)
    clips = []
    for seconds in (2, 3):
        audio = np.zeros(SAMPLES, np.float32)
        audio[: seconds * 16_000] = random.standard_normal(seconds * 16_000) * np.hanning(seconds * 16_000) * 0.1
        clips.append(passage(audio, [201, 202, 205, 208, *random.integers(0, 200, 12), 200]))
    return clips


def same(first, second):
    return first.tensors.keys() == second.tensors.keys() and all(
        np.array_equal(first.tensor(name), second.tensor(name)) for name in first.tensors)


def logits(weights, passages):
    halves = open_halves(weights)
    return [halves.decode(each, halves.encode(each)[0])[0] for each in passages]


def test_the_two_halves_hear_what_the_whole_graph_hears(weights, passages, tmp_path):
    folder = build(weights, "fp32", "cpu", tmp_path, "whole")
    manifest = read_manifest(folder)
    prompt = prompt_of(manifest, "en", False)
    audio = np.zeros(SAMPLES, np.float32)
    audio[: passages[0].audio.size] = passages[0].audio[0]
    written = Graph(folder, manifest).transcribe(audio, prompt, False)
    whole = dataclasses.replace(passage(audio, [*prompt, *written]), positions=np.arange(1500),
                                score_bias=np.zeros(1500, np.float32), audio=audio[None])
    [found] = logits(weights, [whole])
    found[..., forbidden(manifest, False)] = -np.inf
    best = found[0].argmax(-1)
    assert len(written) > 20
    assert best[len(prompt) :][: len(written) - 1].tolist() == written[1:]


def test_halves_may_be_larger_than_a_protobuf(weights, passages, monkeypatch):
    expected = logits(weights, passages)
    monkeypatch.setattr("graph.EXTERNAL_ABOVE_BYTES", 1000)
    for found, wanted in zip(logits(weights, passages), expected):
        np.testing.assert_array_equal(found, wanted)


def test_a_share_of_nothing_changes_nothing(weights, passages):
    pruned, figures = prune_weights(weights, passages, 0)
    assert same(pruned, weights) and pruned.alignment_heads == weights.alignment_heads
    assert (figures["headsRemoved"], figures["channelsRemoved"], figures["outputError"]) == (0, 0, 0.0)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.5])
def test_as_many_parameters_go_as_were_asked_for(weights, passages, share):
    pruned, figures = prune_weights(weights, passages, share)
    before, after = layer_parameters(weights), layer_parameters(pruned)
    assert share <= 1 - after / before < share + 0.03, "one unit more at most"
    assert (figures["layerParametersBefore"], figures["layerParameters"]) == (before, after)
    for block in find_blocks(pruned):
        assert block.channels >= block.group and block.channels % block.group == 0


def quiet(weights, reader, channels):
    tensor = weights.tensor(reader + ".weight").copy()
    tensor[:, channels] *= 1e-3
    return {reader + ".weight": tensor}


def test_what_carries_least_goes_first(weights, passages):
    layer = "model.encoder.layers.1."
    channels = np.random.default_rng(3).permutation(512)[:64]
    edited = with_tensors(weights, quiet(weights, layer + "fc2", channels)
                          | quiet(weights, "model.decoder.layers.0.encoder_attn.out_proj", range(32, 64)))
    wanted = 64 * (2 * 128 + 1) + 32 * (4 * 128 + 2)
    pruned, figures = prune_weights(edited, passages, wanted / layer_parameters(edited), refit=False)
    assert (figures["headsRemoved"], figures["channelsRemoved"]) == (1, 64)
    np.testing.assert_array_equal(pruned.tensor(layer + "fc1.weight"), np.delete(edited.tensor(layer + "fc1.weight"), channels, 0))
    np.testing.assert_array_equal(pruned.tensor(layer + "fc1.bias"), np.delete(edited.tensor(layer + "fc1.bias"), channels))
    np.testing.assert_array_equal(pruned.tensor(layer + "fc2.weight"), np.delete(edited.tensor(layer + "fc2.weight"), channels, 1))
    for name in ("q_proj.weight", "k_proj.weight", "v_proj.bias"):
        name = "model.decoder.layers.0.encoder_attn." + name
        np.testing.assert_array_equal(pruned.tensor(name), np.delete(edited.tensor(name), range(32, 64), 0))
    assert pruned.alignment_heads == [(1, 0), (1, 3)], "the head (0, 1) went"


def test_alignment_heads_after_a_removed_one_move_down(weights, passages):
    edited = with_tensors(weights, quiet(weights, "model.decoder.layers.1.encoder_attn.out_proj", range(32, 64)))
    pruned, figures = prune_weights(edited, passages, 0.001)
    assert figures["headsRemoved"] == 1 and pruned.alignment_heads == [(0, 1), (1, 0), (1, 2)]


def test_the_last_alignment_head_stays(weights, passages):
    alone = with_tensors(weights, quiet(weights, "model.decoder.layers.1.encoder_attn.out_proj", range(32, 64)), alignment_heads=[(1, 1)])
    pruned, _ = prune_weights(alone, passages, 0.6, floor=0.0)
    assert len(pruned.alignment_heads) == 1


def test_refuses_to_remove_what_the_floor_keeps(weights, passages):
    with pytest.raises(ModelError, match="ask for a smaller --share or a lower --floor"):
        prune_weights(weights, passages, 0.8)


@pytest.mark.parametrize("seed", range(5))
def test_refitted_weights_are_never_worse_and_the_error_is_the_real_one(seed):
    random = np.random.default_rng(seed)
    x = random.standard_normal((300, 24)) @ random.standard_normal((24, 24)) + random.standard_normal(24)
    if seed == 4:
        x[:, :8] = x[:, 8:16]  # singular
    weight, bias = random.standard_normal((10, 24)).astype(np.float32), random.standard_normal(10).astype(np.float32)
    seen, kept = Statistics(x.mean(0), np.cov(x.T, bias=True)), np.setdiff1d(np.arange(24), random.permutation(24)[:7])
    refit = reconstruct(weight, bias, seen, kept)
    y = x @ weight.T + bias
    variance = y.var(0).sum()
    for error, new_weight, new_bias in ((refit.error, refit.weight, refit.bias), (refit.error_before, weight[:, kept], bias)):
        real = np.square(y - x[:, kept] @ new_weight.T - new_bias).sum(1).mean()
        assert real / variance == pytest.approx(error, rel=1e-3, abs=1e-6)
    assert refit.error <= refit.error_before
    everything = reconstruct(weight, bias, seen, np.arange(24))
    assert everything.error < 1e-6 and everything.error_before == pytest.approx(0, abs=1e-9)
    assert output_error(weight, bias, seen, np.arange(24), weight, bias) == pytest.approx(0, abs=1e-9)


def test_refitting_lowers_the_error_of_what_was_pruned(weights, passages):
    pruned, figures = prune_weights(weights, passages, 0.35)
    assert 0 < figures["outputError"] < figures["outputErrorWithoutRefit"]
    plain, other = prune_weights(weights, passages, 0.35, refit=False)
    assert other["outputError"] == other["outputErrorWithoutRefit"] == figures["outputErrorWithoutRefit"]
    assert same(with_tensors(pruned, {name: plain.tensor(name) for name in plain.tensors if name.endswith(
        ("out_proj.weight", "out_proj.bias", "fc2.weight", "fc2.bias"))}), plain), "only readers are refitted"


def test_statistics_are_those_of_the_activations(weights, passages):
    halves, key = open_halves(weights), "model.encoder.layers.1.fc2"
    seen, residuals = gather(halves, passages, [key])
    x = np.concatenate([halves.encode(each, [key])[1][key] for each in passages])
    np.testing.assert_allclose(seen[key].mean, x.mean(0), atol=1e-5)
    np.testing.assert_allclose(seen[key].covariance, np.cov(x.T, bias=True), atol=1e-3 * x.var())
    assert residuals[key] > 0 and len(residuals) == 2 * 2 + 2 * 3
    parts = [f"model.decoder.layers.1.self_attn.{name}_proj" for name in "qkv"]
    shared, _ = gather(halves, passages, [*parts, key])
    assert shared[parts[0]] is shared[parts[1]] is shared[parts[2]] is not shared[key]


@pytest.mark.parametrize("variance", [0.9, 0.999])
def test_factors_keep_the_variance_and_are_smaller(weights, passages, variance):
    factored, figures = factor_weights(weights, passages, None, variance)
    seen, _ = gather(open_halves(weights), passages, encoder_keys(weights))
    for key in encoder_keys(weights):
        if factored.has(key + ".weight"):
            assert not factored.has(key + ".up.weight")
            continue
        up, down = factored.tensor(key + ".up.weight"), factored.tensor(key + ".down.weight")
        assert up.size + down.size < weights.tensor(key + ".weight").size
        bias = weights.tensor(key + ".bias") if weights.has(key + ".bias") else np.zeros(len(up), np.float32)
        new_bias = factored.tensor(key + ".bias") if weights.has(key + ".bias") else bias
        weight, moments = weights.tensor(key + ".weight"), seen[key]
        lost = output_error(weight, bias, moments, np.arange(weight.shape[1]), up @ down, new_bias)
        if not weights.has(key + ".bias"):  # keys: a shift of all of them is no error
            lost -= np.square((weight - up @ down) @ moments.mean).sum()
        assert lost / np.trace(weight @ moments.covariance @ weight.T) <= 1 - variance + 1e-3
    assert figures["leastVarianceKept"] >= variance


def test_factors_save_the_share_that_was_asked_for(weights, passages):
    factored, figures = factor_weights(weights, passages, 0.3, None)
    saved = layer_parameters(weights) - layer_parameters(factored)
    assert saved == figures["encoderParametersBefore"] - figures["encoderParameters"]
    assert 0.3 <= saved / figures["encoderParametersBefore"] < 0.4
    with pytest.raises(ModelError, match="smaller --share"):
        factor_weights(weights, passages, 0.95, None)


def test_full_rank_is_the_layer_and_is_not_taken(weights, passages):
    seen, _ = gather(open_halves(weights), passages, ["model.encoder.layers.0.fc1"])
    layer = directions("model.encoder.layers.0.fc1", weights, seen["model.encoder.layers.0.fc1"])
    assert layer.explained[-1] == pytest.approx(1) and ranks_for_variance([layer], 1.0 - 1e-15) == {}
    assert layer.largest_rank == 96 and layer.saved(96) > 0 > layer.saved(128)


@pytest.mark.parametrize("precision", ["fp32", "int8", "int4"])
def test_a_model_made_smaller_twice_is_saved_built_and_run(weights, passages, tmp_path, precision):
    pruned, _ = prune_weights(weights, passages, 0.3)
    both, _ = factor_weights(pruned, passages, 0.2, None)
    save_weights(both, tmp_path / "both")
    loaded = load_huggingface(tmp_path / "both", "both", "unknown")
    assert same(loaded, both) and loaded.alignment_heads == both.alignment_heads
    folder = build(loaded, precision, "cpu", tmp_path, "model")
    manifest = read_manifest(folder)
    audio = np.zeros(SAMPLES, np.float32)
    audio[: passages[0].audio.size] = passages[0].audio[0]
    prompt = prompt_of(manifest, "en", False)
    written = Graph(folder, manifest).transcribe(audio, prompt, False)
    assert len(written) > 20
    if precision == "fp32":
        assert written == PlainWhisper(loaded, manifest).transcribe(audio, prompt, False)
    with pytest.raises(ModelError, match="prune first, then factor"):
        prune_weights(loaded, passages, 0.1)


@pytest.mark.parametrize(("command", "step"), [(prune, "prune"), (low_rank, "low_rank")])
def test_the_commands_write_a_folder_that_says_what_was_done(command, step, weights, tmp_path, monkeypatch, capsys):
    source, data = tmp_path / "source", tmp_path / "clips.jsonl"
    save_weights(weights, source)
    from clips import REFERENCES

    data.write_text("".join(json.dumps({"file": str(REFERENCES.parent / name)}) + "\n"
                            for name in ("brooklyn-bridge.flac", "whats-the-weather-like.mp3", "jfk.flac")))

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", [step, *map(str, arguments)])
        code = command.main()
        return code, capsys.readouterr().err

    out = tmp_path / "out"
    code, _ = call(source, "--data", data, "--clips", 2, "--out", out, "--share", 0.2)
    assert code == 0
    made = load_huggingface(out, "out", "unknown")
    [done] = made.provenance.steps
    assert (done["step"], done["share"], done["clips"]) == (step, 0.2, 2) and made.source.licence == "MIT"
    assert layer_parameters(made) < layer_parameters(weights)
    _, names = read_trained_on(out / TRAINED_ON)
    assert names == {"brooklyn-bridge.flac", "whats-the-weather-like.mp3"}, "evaluate refuses what it was calibrated on"
    for arguments, message in [((source, "--data", data, "--out", out), "is there already"),
                               ((source, "--data", tmp_path / "none.jsonl", "--out", out, "--force"), "give a JSONL file"),
                               ((source, "--data", data, "--out", out, "--force", "--share", 1.5), "--share is 1.5: write"),
                               ((source, "--data", data, "--out", out, "--force", "--clips", 0), "--clips is 0: write")]:
        code, error = call(*arguments)
        assert code == 2 and message in error and error.count("\n") <= 3
    assert same(load_huggingface(out, "out", "unknown"), made), "what was there stays"


@pytest.mark.parametrize("outputs", [96, 384])
def test_the_directions_are_those_of_the_outputs_covariance(weights, outputs):
    """Also where the output is wider than the input, and they are found the short way."""
    random = np.random.default_rng(3)
    key, inputs = "model.encoder.layers.0.fc1", 128
    weight, spread = random.standard_normal((outputs, inputs)).astype(np.float32), random.standard_normal((inputs, inputs)) * np.linspace(0, 3, inputs)
    seen = Statistics(random.standard_normal(inputs), spread @ spread.T)
    found = directions(key, with_one(weights, key + ".weight", weight), seen)
    values, vectors = np.linalg.eigh(weight.astype(float) @ seen.covariance @ weight.T.astype(float))
    for rank in (1, 32, found.largest_rank):
        assert found.explained[rank] == pytest.approx(values[::-1][:rank].sum() / values.sum())
        projections = [columns[:, :rank] @ columns[:, :rank].T for columns in (found.vectors, vectors[:, ::-1])]
        np.testing.assert_allclose(*projections, atol=1e-4)


def with_one(weights, name, array):
    return dataclasses.replace(weights, tensors=weights.tensors | {name: lambda: array})


def test_what_hardly_varies_about_a_large_mean_keeps_its_variance(passages):
    class Half:
        seen = {"a": "x"}

        def __init__(self):
            self.random = np.random.default_rng(1)

        def run(self):
            return (1000 + self.random.standard_normal((500, 3)) * [0.01, 0.1, 1]).astype(np.float32)

    halves = dataclasses.make_dataclass("Halves", ["encoder", "decoder"])(Half(), Half())
    halves.encode = lambda passage, keys: (None, {"a": halves.encoder.run()})
    halves.decode = lambda passage, hidden, keys: (None, {})
    found = gather(halves, passages[:2], ["a"])[0]["a"]
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), [0.01, 0.1, 1], rtol=0.1)
    np.testing.assert_allclose(found.mean, 1000, rtol=1e-4)


def test_wav_files_are_read_where_nothing_else_decodes(monkeypatch):
    """As on a machine that has PyTorch and no faster-whisper."""
    path = REFERENCES.parent / "wreck-a-nice-beach.wav"
    expected = faster_whisper.audio.decode_audio(str(path))
    for name in ("faster_whisper", "faster_whisper.audio"):
        monkeypatch.setitem(sys.modules, name, None)
    np.testing.assert_array_equal(read_audio(path)[: len(expected)], expected)
