"""Mixed precision: what each part costs is measured, and the plan spends its bytes where they save most."""
import json
import sys

import numpy as np
import pytest

import quantize
from build import build, load_source
from clips import REFERENCES
from compress.choose_precisions import choose_precisions
from compress.sensitivity import Cost, Part, find_parts, measure
from graph import build_graph
from manifest import read_manifest
from hash_file import hash_file
from plan import linear_keys, read_plan
from training_manifest import TRAINED_ON, calibrated_on
from random_whisper import RandomWhisper
from save_weights import save_weights
from test_compress import passages, weights  # noqa: F401  fixtures
from test_factored import KEYS, factor
from weights import ModelError


def stored(whisper, plan):
    return sum(array.nbytes for array in build_graph(whisper, "fp32", "cpu", plan)[1].values())


def test_every_layer_is_in_one_part(weights):  # noqa: F811
    parts = find_parts(weights)
    assert sorted(key for part in parts for key in part.keys) == linear_keys(weights)
    assert len(parts) == 1 + 2 * 2 + 2 * 3 + 1


@pytest.mark.parametrize("whisper", [RandomWhisper(width=128, decoder_layers=1), factor(RandomWhisper(), KEYS)[0]])
def test_bytes_are_those_of_the_file(whisper):
    every = {part.pattern: "fp16" for part in find_parts(whisper)}
    base = stored(whisper, every)
    for part in find_parts(whisper):
        for precision, size in part.bytes.items():
            found = stored(whisper, every | {part.pattern: precision}) - base
            assert found == pytest.approx(size - part.bytes["fp16"], abs=1024 * len(part.keys)), (part.pattern, precision)
            # constants of up to 512 numbers stay float32, as the scales of layers as small as these do


def test_fewer_bits_cost_more(weights, passages):  # noqa: F811
    parts = [part for part in find_parts(weights) if part.pattern.endswith((".0.fc?", "1.encoder_attn.*", "embed_tokens"))]
    costs = {(cost.part.pattern, cost.precision): cost for cost in measure(weights, passages, parts)}
    assert len(costs) == 2 * 3 + 1
    for part in parts[:-1]:
        few, many = costs[part.pattern, "int4"], costs[part.pattern, "int8"]
        assert few.divergence > many.divergence > 0
        assert few.token_error_percent >= many.token_error_percent >= 0


PARTS = [Part("a", ("a",), {"int4": 10, "int8": 20, "fp16": 40}), Part("b", ("b",), {"int4": 10, "int8": 20, "fp16": 40}),
         Part("c", ("c",), {"int8": 20, "fp16": 40})]
COSTS = [Cost(part, precision, divergence, 0.0) for part, precision, divergence in (
    (PARTS[0], "int4", 1.0), (PARTS[0], "int8", 0.1), (PARTS[1], "int4", 0.3), (PARTS[1], "int8", 0.2), (PARTS[2], "int8", 0.01))]


@pytest.mark.parametrize(("limit", "plan"), [
    (40, "int4 int4 int8"), (49, "int4 int4 int8"), (50, "int8 int4 int8"), (60, "int8 int8 int8"), (80, "int8 fp16 int8"),
    (1000, "fp16 fp16 fp16")])
def test_bytes_go_where_they_save_most(limit, plan):
    choice = choose_precisions(PARTS, COSTS, limit_bytes=limit)
    assert list(choice.plan.values()) == plan.split() and choice.bytes <= limit


def test_stops_once_the_loss_is_small_enough():
    assert choose_precisions(PARTS, COSTS, limit_divergence=5).plan["a"] == "int4"
    choice = choose_precisions(PARTS, COSTS, limit_divergence=0.5)
    assert (choice.plan, choice.bytes) == ({"a": "int8", "b": "int4", "c": "int8"}, 50)
    assert choice.divergence == pytest.approx(0.41)


def test_refuses_a_size_below_the_smallest_plan():
    with pytest.raises(ModelError, match="are too few"):
        choose_precisions(PARTS, COSTS, limit_bytes=39)


def test_the_command_writes_a_plan_that_builds_to_the_size(weights, tmp_path, monkeypatch, capsys):  # noqa: F811
    save_weights(weights, tmp_path / "source")
    data, out = tmp_path / "clips.jsonl", tmp_path / "plan.json"
    data.write_text(json.dumps({"file": str(REFERENCES.parent / "brooklyn-bridge.flac")}) + "\n")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["quantize", str(tmp_path / "source"), "--data", str(data), "--out", str(out),
                                          *map(str, arguments)])
        return quantize.main(), capsys.readouterr()

    sizes = [build(weights, precision, "cpu", tmp_path, precision) / "model.onnx" for precision in ("int4", "int8")]
    wanted = sum(size.stat().st_size for size in sizes) / 2e6
    code, _ = call("--megabytes", wanted, "--report", tmp_path / "report.json")
    assert code == 0
    plan = read_plan(out)
    folder = build(weights, "int8", "cpu", tmp_path, "mixed", plan=plan, calibrated=calibrated_on(out))
    digits = hash_file(REFERENCES.parent / "brooklyn-bridge.flac")[:16]
    assert (folder / TRAINED_ON).read_text() == f"{digits} brooklyn-bridge.flac\n" and TRAINED_ON in read_manifest(folder).files
    assert read_manifest(folder).graph.precision == "mixed"
    assert sizes[0].stat().st_size / 1e6 < (folder / "model.onnx").stat().st_size / 1e6 < wanted * 1.02
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["parts"]) == 2 * 11 + 1 and report["clips"] == 1
    for arguments, message in [(("--megabytes", wanted), "is there already"), (("--force", "--megabytes", 0), "--megabytes is 0.0: write"),
                               (("--force", "--megabytes", 1), "are too few")]:
        code, captured = call(*arguments)
        assert code == 2 and message in captured.err
    assert read_plan(out) == plan
    assert np.all([set(plan.values()) <= {"int4", "int8", "fp16"}])
