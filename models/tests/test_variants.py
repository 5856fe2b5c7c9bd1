"""variants: models are measured in turn, and the table says what variants.json holds."""
import dataclasses
import json
import sys
from pathlib import Path

import pytest

import variants
from build import build, load_source
from clips import REFERENCES
from edit_weights import with_step
from manifest import Figures, Noise, Speed, Verified, WordError, read_manifest, write_manifest
from random_whisper import RandomWhisper
from save_weights import save_weights
from whisper_folders import write_huggingface


def test_the_table_of_the_readme_is_that_of_the_record():
    rows = json.loads(variants.RECORD.read_text("utf8")) if variants.RECORD.is_file() else {}
    readme = variants.README.read_text("utf8")
    assert variants.with_table(readme, rows) == readme, "run: npm run model -- variants --table"


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A model and its half, both with figures."""
    found = []
    for name, width in (("whole", 128), ("half", 64)):
        source = write_huggingface(RandomWhisper(width=width, layers=1), tmp_path / f"{name}-weights")
        save_weights(with_step(load_source(str(source)), "prune", share=0.5), source, force=True)
        folder = build(load_source(str(source)), "fp32" if name == "whole" else "int8", "cpu", tmp_path, name)
        noise = [Noise("noise", 3, 5)] if name == "half" else []
        write_manifest(dataclasses.replace(
            read_manifest(folder), figures=Figures(width * 1000, [], noise), verified=Verified("r", 1, 1, 0.5, 10.0),
            word_errors=[WordError("dev", 1, 10, 12.5, 3.0)] if name == "half" else []), folder)
        found.append(folder)
    (tmp_path / "README.md").write_text(f"# Models\n\n{variants.BEGIN}\nold\n{variants.END}\n\nrest\n")
    monkeypatch.setattr(variants, "RECORD", tmp_path / "variants.json")
    monkeypatch.setattr(variants, "README", tmp_path / "README.md")
    return found


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["variants", *map(str, arguments)])
        return variants.main(), *capsys.readouterr()
    return run


def test_measures_in_turn_and_records_beside_the_baseline(models, run, tmp_path):
    whole, half = models
    clips = tmp_path / "clips.jsonl"
    clips.write_text(json.dumps({"file": str(REFERENCES.parent / "brooklyn-bridge.flac")}) + "\n")
    code, out, err = run("--measure", "--baseline", whole, half, "--clips", clips, "--hardware", "a toaster")
    assert (code, err) == (0, "") and out.count("× real time") == 2
    [slow], [fast] = (read_manifest(folder).figures.speed for folder in models)
    assert slow.times_baseline == 1 and fast.baseline == "whole" and fast.hardware == "a toaster"
    assert fast.times_baseline == pytest.approx(fast.times_real_time / slow.times_real_time, rel=0.05)
    assert read_manifest(half).figures.noise == [Noise("noise", 3, 5)]


def test_records_what_the_manifests_say(models, run, tmp_path):
    whole, half = models
    speed = Speed("cpu", "2 threads", 50.0, "whole", 2.5)
    write_manifest(variants.with_speed(read_manifest(half), speed), half)
    gpu = tmp_path / "gpu.json"
    gpu.write_text(json.dumps({"hardware": "H100", "baseline": "whole", "models": {"whole": 100, "half": 150.0}}))
    assert run("--record", whole, half)[0] == 0
    assert run("--record", "--gpu", gpu)[0] == 0  # the models need not be there
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("# Models\n\n<!--") and readme.endswith("-->\n\nrest\n") and "old" not in readme
    lines = [line for line in readme.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == ["whole", "half"]
    assert "| prune, int8 | 0.1 M |" in lines[1] and "| 2.50 × | 1.50 × | 12.50 / 3.00 | 5 | 0.5 |" in lines[1]
    assert "CPU: beside whole, in one run, on 2 threads." in readme and "GPU: the weights of the row, built for CUDA in fp16, beside whole, in one run, on H100." in readme
    assert run("--record", half)[0] == 0  # what a GPU did stays
    assert (tmp_path / "README.md").read_text() == readme
    (half / "manifest.json").unlink()
    assert run("--record", whole)[0] == 0  # the other stays as it was recorded
    assert "`half`" in (tmp_path / "README.md").read_text()


def test_refuses_what_has_nothing_to_record(models, run, tmp_path):
    whole, _ = models
    write_manifest(dataclasses.replace(read_manifest(whole), figures=None), whole)
    assert "whole has no figures" in run("--record", whole)[2]
    (tmp_path / "gpu.json").write_text('{"models": {}}')
    assert "gpu.json has no speeds" in run("--record", "--gpu", tmp_path / "gpu.json")[2]
    (tmp_path / "gpu.json").write_text('{"hardware": "H100", "baseline": "a", "models": {"a": 1}}')
    assert "measures a, and the table has no such row" in run("--record", "--gpu", tmp_path / "gpu.json")[2]
    Path(variants.README).write_text("no place")
    code, _, err = run("--table")
    assert code == 2 and "has no place for the table" in err
