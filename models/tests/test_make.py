"""make: recipes that say nonsense are refused, results are kept by what they were made of, and only verified models are installed."""
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import make
import make_steps
from edit_weights import with_step
from hash_file import hash_file
from manifest import Noise, Rung, Speed, Verified, WordError, read_manifest, write_manifest
from random_whisper import RandomWhisper
from recipe import STEPS, TRAININGS, find_recipe, list_recipes, read_recipe
from save_weights import save_weights
from build import build, load_source
from code_key import code_key, code_of
from training_manifest import TrainingClip, format_clip
from typed_json import camel
from weights import ModelError
from whisper_folders import write_huggingface

MODELS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", list_recipes())
def test_each_recipe_can_be_read_and_planned(name):
    recipe = read_recipe(find_recipe(name))
    assert recipe.about and recipe.name == name
    made = make_steps.plan(recipe, None, {})
    for step in make.every_step(made):
        assert all(isinstance(part, str) for command in make_steps.commands(made, step, step.work) for part in command.arguments)


def test_no_two_recipes_make_models_of_one_id():
    ids = [read_recipe(find_recipe(name)).id for name in list_recipes()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("step", [step for step in STEPS if step not in TRAININGS])  # those in tests/training
def test_each_option_of_a_recipe_is_one_of_its_command(step):
    done = subprocess.run([sys.executable, MODELS / f"{step}.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for option in STEPS[step].keys() - {"sets"}:  # make's own
        assert f"--{option.replace('_', '-')}" in done.stdout, option


def test_the_script_for_a_gpu_machine_trains_what_recipes_say():
    script = (MODELS.parent / "test" / "bench" / "training" / "run.sh").read_text()
    named = {tuple(match) for match in re.findall(r'"([\w.-]+) (\w+)"', script.split("declare -A told")[1].split("; do")[0])}
    used = set(re.findall(r"\b((?:pruned|low-rank|distilled|qat)[\w-]*-int[48]|qat-int[48]) (prune|low_rank|finetune|distil|qat)(?![\w-])", script))
    assert used <= named and len(named) == 11
    for recipe, step in named:
        assert step in read_recipe(find_recipe(f"tiny.en-{recipe}")).steps


@pytest.mark.parametrize("share", ["pruned", "pruned20"])
def test_what_is_trained_once_more_with_rounding_was_trained_as_what_is_not(share):
    plain, rounded = (read_recipe(find_recipe(f"tiny.en-{share}{ending}")).steps for ending in ("-int8", "-qat-int8"))
    assert all(plain[step] == rounded[step] for step in ("speech", "prune", "finetune"))


SOURCE = 'source = "pypi:x==1"\n'


@pytest.mark.parametrize(("text", "words"), [
    ("= 1", "is not TOML"), ("", "source is missing: write a hub id"), ("source = 3", "source is 3: write a text"),
    ('source = ""', "source is '': write a text"), ('source = "openai/whisper-tiny"', "revision is missing: write the commit"),
    (SOURCE + "[prun]", "prun is neither a setting nor a step: did you mean prune?"), (SOURCE + "prune = 1", "prune is 1: write a table"),
    (SOURCE + "[speech]\n[prune]\nshares = 0.3", "prune.shares is no option of prune: did you mean share?"),
    (SOURCE + '[speech]\n[prune]\nshare = "a"', "prune.share is 'a': write a number"), (SOURCE + "[speech]\nseed = true", "speech.seed is True: write a whole"),
    (SOURCE + "[speech]\nseed = 1.5", "speech.seed is 1.5: write a whole number"), (SOURCE + "[speech]\nhours = inf", "speech.hours is inf"),
    (SOURCE + "[speech]\n[distil]\ndecoder_layers = [-1]", "decoder_layers is [-1]: write a list of whole numbers"),
    (SOURCE + "[evaluate]\nsets = []", "evaluate.sets is []: write a list of texts"), (SOURCE + "[prune]\nshare = 0.1", "prune needs speech to learn from"),
    (SOURCE + 'id = "A b"', "id is 'A b'"), (SOURCE + "ladder = 3", "ladder is 3: write a list"), (SOURCE + "ladder = [3]", "ladder has 3"),
    (SOURCE + 'ladder = [{ model = "x", averageLogprobBelow = 1 }]', "write { model"),
])
def test_refuses_a_recipe(tmp_path, text, words):
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(ModelError) as caught:
        read_recipe(tmp_path / "odd.toml")
    assert words in str(caught.value) and str(caught.value).startswith("odd.toml")


def test_refuses_what_is_not_there(tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["make", *arguments])
        code, err = make.main(), capsys.readouterr().err
        assert code == 2 and err.startswith("model: ") and err.count("\n") == 1
        return err
    assert "there is no recipe 'huge': give a .toml file, or one of" in run("huge")
    assert "--set 'x': write NAME=REFERENCES.jsonl" in run("tiny.en-int8", "--set", "x")
    assert "nothing.jsonl is not there" in run("tiny.en-int8", "--plan", "--set", "x=nothing.jsonl")
    assert "nothing.jsonl is not there" in run("tiny.en-pruned-int8", "--plan", "--data", "nothing.jsonl")


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    """Weights, a recipe of two steps, and a stand-in for the commands of steps: it notes them and leaves what they would."""
    source = write_huggingface(RandomWhisper(width=64, layers=1, vocabulary=400), tmp_path / "weights")
    (tmp_path / "small.toml").write_text(f'source = "{source}"\n[speech]\nhours = 1\n[prune]\nshare = 0.3\n[finetune]\nsteps = 9\n'
                                         '[build]\nprecision = "int8"\n')
    clip = TrainingClip("a.wav", "x", 1.0, "1" * 64)
    ran, ends = [], {}

    def run(command):
        name = next(name for name in [*STEPS, "murmuration"] if f"{name}.py" in " ".join(command.arguments) or name == "murmuration")
        ran.append(name)
        if ends.get(name):
            raise make.Stopped(ends[name])
        value = dict(zip(command.arguments, command.arguments[1:]))
        out = Path(value.get("--out", "."))
        if name == "speech":
            out.mkdir(exist_ok=True)
            (out / "train.jsonl").write_text(format_clip(clip))
        elif name in ("prune", "finetune", "qat"):
            assert (Path(value["--data"])).is_file()
            save_weights(with_step(load_source(command.arguments[2]), name), out)
        elif name == "build":
            build(load_source(command.arguments[2]), "int8", "cpu", out, value["--id"])
        elif name == "verify":
            model = Path(command.arguments[2])
            verified = None if ends.get("doubt") else Verified("r", 1, 1, 0.0, 10.0)
            write_manifest(dataclasses.replace(read_manifest(model), verified=verified), model)
        elif name == "murmuration":
            command.stdout.write_text("{}\n")

    monkeypatch.setattr(make, "run", run)
    monkeypatch.setattr(make_steps, "door", lambda name: [sys.executable, f"{name}.py"])
    monkeypatch.setattr(make_steps, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(make, "ARTIFACTS", tmp_path / "artifacts")

    def cook(*arguments):
        ran.clear()
        monkeypatch.setattr(sys, "argv", ["make", str(tmp_path / "small.toml"), *map(str, arguments)])
        return make.main(), [*ran]
    cook.folder, cook.ends = tmp_path, ends
    return cook


ALL = ["speech", "prune", "finetune", "build", "verify", "murmuration", "evaluate"]


def test_runs_all_steps_once_and_installs_the_model(kitchen):
    assert kitchen() == (0, ALL)
    manifest = read_manifest(kitchen.folder / "artifacts" / "whisper-small")
    assert (manifest.recipe.name, [step["step"] for step in manifest.recipe.steps]) == ("small", ["prune", "finetune"])
    assert manifest.verified and manifest.figures.parameters > 100_000 and manifest.ladder is None
    assert kitchen() == (0, [])


def test_a_graph_is_drawn_anew_when_the_code_that_draws_it_has_changed(kitchen, monkeypatch):
    """Else `make` would serve the graph of before, and its figures."""
    kitchen()
    monkeypatch.setattr(make_steps, "code_key", lambda command: f"other {command}")
    assert kitchen("--force") == (0, ALL[3:])


def test_the_key_of_code_is_of_all_that_it_imports_and_of_nothing_else(tmp_path):
    (tmp_path / "pens").mkdir()
    files = {"draw.py": "import json\nimport pen\nfrom pens import blue  # ink\n", "pen.py": "def hold():\n    import grip\n", "grip.py": "FINGERS = 3\n",
             "pens/blue.py": "COLOUR = 'blue'\n", "other.py": "LOUD = 1\n"}

    def key(**changed):
        for name, text in (files | changed).items():
            (tmp_path / name).write_text(text)
        code_key.cache_clear()
        return code_key("draw", tmp_path)
    before = key()
    assert before == key() == key(**{"other.py": "LOUD = 2\n", "grip.py": "# of a hand\nFINGERS = 3\n"})
    assert len({before, key(**{"grip.py": "FINGERS = 4\n"}), key(**{"pens/blue.py": "COLOUR = 'red'\n"}), key(**{"draw.py": "import pen\n"})}) == 4


def test_the_code_that_draws_graphs_is_in_the_key_of_a_build():
    drawn = {path.name for path in MODELS.glob("graph*.py")}
    assert {"graph_encoder.py", "graph_cuda.py", "load_ctranslate2.py"} <= {path.name for path in code_of("build")}
    assert drawn <= {path.name for path in code_of("build")}


def change(kitchen, old, new):
    path = kitchen.folder / "small.toml"
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(("old", "new", "again"), [
    ("share = 0.3", "share = 0.2", ALL[1:]), ("steps = 9", "steps = 8", ALL[2:]), ("hours = 1", "hours = 2", ALL),
    ('"int8"', '"fp32"', ALL[3:]), ("[speech]", "# a note\n[speech]", [])])
def test_a_change_runs_what_depends_on_it(kitchen, old, new, again):
    kitchen()
    change(kitchen, old, new)
    assert kitchen("--force") == (0, again)


def test_other_weights_and_other_data_run_everything_after_them(kitchen):
    kitchen()
    other = kitchen.folder / "own.jsonl"
    other.write_text(format_clip(TrainingClip("b.wav", None, 1.0, "2" * 64)))
    assert kitchen("--data", other, "--force") == (0, ALL[1:])
    weights = kitchen.folder / "weights"
    save_weights(with_step(load_source(str(weights)), "other"), weights, half=True, force=True)
    assert kitchen("--force")[1] == ALL[1:]


def test_what_only_kept_results_were_made_of_is_not_made_again(kitchen, capsys):
    """As where training ran on another machine, and only what it made was brought back."""
    kitchen()
    for name in ("speech", "prune", "build", "verify", "evaluate"):
        [folder] = (kitchen.folder / "kept").glob(f"{name}-*")
        shutil.rmtree(folder)
    capsys.readouterr()
    assert kitchen() == (0, ALL[3:])
    assert [line.split() for line in capsys.readouterr().out.splitlines()[:3]] == [
        ["speech", "not", "needed"], ["prune", "not", "needed"], ["finetune", "kept"]]


@pytest.fixture
def elsewhere(kitchen, monkeypatch):
    """A recipe that ends with QAT, and what that left on another machine; the commands that were run with it."""
    calls = []
    real = make.run

    def run(command):
        if "--trained" not in command.arguments:
            return real(command)
        calls.append(command.arguments[2:])
        save_weights(load_source(command.arguments[2]), Path(command.arguments[-1]))
    monkeypatch.setattr(make, "run", run)
    change(kitchen, "[build]", '[qat]\nquantize = "int8"\nfreeze = ["encoder", "embed"]\n[build]')
    data, folder = kitchen.folder / "own.jsonl", kitchen.folder / "qat.training"
    data.write_text(format_clip(TrainingClip("b.wav", None, 1.0, "2" * 64)))
    origin = {"kind": "huggingface", "name": "x", "sha256": "3" * 64, "licence": "MIT"}
    silent = [camel(option) for option in STEPS["qat"]]
    given = {"teacher": "3" * 64, "data": hash_file(data), "labelWeight": 1.0}
    steps = [{"step": "prune", "share": 0.3, "calibratedOn": hash_file(data), "byDefault": ["clips", "floor", "half", "noRefit"]},
             {"step": "finetune", "steps": 9, "byDefault": [name for name in silent if name != "steps"]} | given]
    figures = {"quantize": "int8", "freeze": ["embed", "encoder"], "byDefault": [name for name in silent if name not in ("quantize", "freeze")]} | given

    def leave(prune={}, finetune={}, qat={}, step="finetune"):
        folder.mkdir(exist_ok=True)
        told = {"step": step, "figures": figures | qat, "provenance": {"origin": origin, "steps": [steps[0] | prune, steps[1] | finetune]}}
        (folder / "trained.json").write_text(json.dumps(told))
        return ("--trained", folder, "--data", data)
    return leave, calls


def test_what_was_trained_on_another_machine_takes_the_place_of_the_training(kitchen, elsewhere):
    leave, calls = elsewhere
    given = leave()
    assert kitchen(*given) == (0, ALL[3:])
    source = str(kitchen.folder / "weights")
    assert calls == [[source, "--teacher", source, "--trained", str(given[1]), "--out", calls[0][-1]]]
    assert kitchen(*given[2:]) == (0, [])


@pytest.mark.parametrize(("changed", "says"), [
    ({"prune": {"share": 0.2}}, "prune.share was 0.2, the recipe says 0.3"), ({"finetune": {"steps": 8}}, "finetune.steps was 8, the recipe says 9"),
    ({"finetune": {"labelWeight": 0.5, "byDefault": ["steps"]}}, "finetune.label_weight was 0.5, the recipe leaves it out"),
    ({"qat": {"quantize": None}}, "qat.quantize was not recorded, the recipe says int8"), ({"qat": {"freeze": ["embed"]}}, "qat.freeze was ['embed']"),
    ({"qat": {"byDefault": []}}, "qat.seed was not recorded, the recipe leaves it out"), ({"qat": {"plan": "4"}}, "qat learnt the rounding of a plan"),
    ({"qat": {"teacher": "5" * 64}}, "qat had another teacher"), ({"finetune": {"teacher": None}}, "finetune had no teacher"),
    ({"qat": {"data": "6" * 64}}, "qat learnt from data of sha256 6666666666666666"), ({"prune": {"calibratedOn": "7" * 64}}, "prune learnt from data"),
    ({"step": "distil"}, "was made by prune, finetune, distil, small says prune, finetune, qat")])
def test_what_was_trained_otherwise_than_the_recipe_says_is_refused(kitchen, elsewhere, capsys, changed, says):
    assert kitchen(*elsewhere[0](**changed)) == (2, []) and says in capsys.readouterr().err


def test_what_was_trained_elsewhere_needs_the_data_of_there(kitchen, elsewhere, capsys):
    assert kitchen(*elsewhere[0]()[:2])[0] == 2 and "--trained goes with --data" in capsys.readouterr().err


def test_a_recipe_says_what_it_tells_a_step(kitchen, capsys):
    change(kitchen, "steps = 9", 'steps = 9\nlabel_weight = 0.5\nfreeze = ["embed"]\naugment = true\nno_teacher = true')
    assert kitchen("--options", "finetune") == (0, [])
    assert capsys.readouterr().out == "--steps 9 --label-weight 0.5 --freeze embed --augment\n"
    assert kitchen("--options", "low_rank")[0] == 2 and "small has no low_rank" in capsys.readouterr().err


def test_a_recipe_that_trains_nothing_takes_nothing_trained(kitchen, capsys):
    change(kitchen, "[finetune]\nsteps = 9\n", "")
    data = kitchen.folder / "own.jsonl"
    data.write_text(format_clip(TrainingClip("b.wav", None, 1.0, "2" * 64)))
    assert kitchen("--trained", "there", "--data", data)[0] == 2 and "trains nothing" in capsys.readouterr().err


def test_what_was_broken_off_goes_on(kitchen):
    kitchen.ends["finetune"] = 3
    assert kitchen("--minutes", 5) == (3, ALL[:3])
    kitchen.ends.clear()
    assert kitchen() == (0, ALL[2:])


def test_stops_where_it_is_told_and_runs_again_what_it_is_told(kitchen):
    assert kitchen("--until", "prune") == (0, ALL[:2])
    assert not (kitchen.folder / "artifacts").exists()
    assert kitchen("--until", "prune", "--again", "prune") == (0, ["prune"])


def test_a_model_that_is_not_verified_is_not_installed(kitchen, capsys):
    kitchen.ends["doubt"] = 1
    assert kitchen()[0] == 2
    assert "is not verified: it stays in" in capsys.readouterr().err
    assert not (kitchen.folder / "artifacts").exists()


def test_another_model_of_the_same_id_is_replaced_by_force_alone(kitchen, capsys):
    kitchen()
    change(kitchen, "share = 0.3", "share = 0.2")
    model = kitchen.folder / "artifacts" / "whisper-small"
    with open(model / "manifest.json") as file:
        before = json.load(file)
    before["files"]["model.onnx"]["sha256"] = "0" * 64
    (model / "manifest.json").write_text(json.dumps(before))
    assert kitchen()[0] == 2 and "give --force" in capsys.readouterr().err
    assert kitchen("--force") == (0, [])


def test_what_was_measured_of_the_same_graph_is_kept(kitchen):
    kitchen()
    model = kitchen.folder / "artifacts" / "whisper-small"
    manifest, speed = read_manifest(model), Speed("cpu", "x", 1.0, "y", 2.0)
    measured = dataclasses.replace(manifest.figures, speed=[speed], noise=[Noise("hiss", 1, 2)])
    error = WordError("elsewhere", 1, 2, 3.0, 4.0)
    write_manifest(dataclasses.replace(manifest, figures=measured, word_errors=[error]), model)
    assert kitchen() == (0, [])
    after = read_manifest(model)
    assert after.figures == measured and after.word_errors == [error]


def test_a_ladder_of_the_recipe_is_in_the_manifest(kitchen):
    change(kitchen, "[speech]", 'ladder = [{ model = "whisper-large", averageLogprobBelow = -0.5 }]\n[speech]')
    kitchen()
    assert read_manifest(kitchen.folder / "artifacts" / "whisper-small").ladder == [Rung("whisper-large", -0.5)]


def test_a_plan_says_what_would_run_and_runs_nothing(kitchen, capsys):
    kitchen("--until", "prune")
    capsys.readouterr()
    assert kitchen("--plan") == (0, [])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("prune", "finetune"))] == [["prune", "kept"], ["finetune", "to"]]
    assert any("finetune.py" in line and "--teacher" in line and "--resume" in line for line in lines)


def test_real_commands_build_and_verify_real_files(tmp_path, monkeypatch):
    """No stand-in: build and verify, as they are called."""
    source = write_huggingface(RandomWhisper(width=64, layers=1), tmp_path / "weights")
    save_weights(with_step(load_source(str(source)), "prune", share=0), source, force=True)
    monkeypatch.setattr(make_steps, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(make_steps, "door", lambda name: [sys.executable, str(MODELS / f"{name}.py")])
    (tmp_path / "plain.toml").write_text(f'source = "{source}"\n[build]\nprecision = "fp32"\n')
    monkeypatch.setattr(sys, "argv", ["make", str(tmp_path / "plain.toml"), "--until", "verify"])
    assert make.main() == 0
    [model] = (tmp_path / "kept").glob("verify-*/result/whisper-plain")
    manifest = read_manifest(model)
    assert manifest.verified.token_error_percent == 0 and manifest.figures.parameters == sum(
        tensor.size for tensor in RandomWhisper(width=64, layers=1).tensors.values())
    assert os.stat(model / "model.onnx").st_nlink > 1  # the graph is there once
