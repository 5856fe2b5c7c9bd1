"""distil and finetune from their command lines: they learn, go on where they were broken off, and share their work."""
import json

import numpy as np
import pytest
import torch

from check_trained import check_trained
from edit_weights import with_step, with_tensors
from hash_file import hash_file
from load_huggingface import load_huggingface
from make_steps import step_flags
from recipe import read_recipe
from save_weights import save_weights
from training_files import progress, run_door, write_clips, write_teacher
from weights import ModelError

STEPS = ("--batch", 4, "--warmup-steps", 2, "--held-out", 0.25, "--learning-rate", 3e-3, "--validate-every", 5)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return write_teacher(tmp_path_factory.mktemp("teacher") / "tiny")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("clips") / "speech")


def weights(folder):
    return load_huggingface(folder, folder.name, "unknown")


def without_texts(manifest, count: int):
    """Takes the texts from the first clips. The teacher, of random weights, finds no end in them."""
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for line in lines[:count]:
        del line["text"]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return manifest


def largest_difference(first, second) -> float:
    first, second = weights(first), weights(second)
    assert first.tensors.keys() == second.tensors.keys()
    return max(np.abs(first.tensor(name) - second.tensor(name)).max() for name in first.tensors)


@pytest.fixture(scope="module")
def distilled(teacher, clips, tmp_path_factory):
    out = tmp_path_factory.mktemp("distilled") / "student"
    run_door("distil.py", teacher, "--decoder-layers", "0,3", "--data", clips, "--out", out, "--steps", 20, "--clips-per-step", 8, *STEPS)
    return out


def test_distilling_lowers_the_loss_and_says_what_it_did(distilled, teacher, clips):
    lines = progress(distilled)
    training = [line["loss"] for line in lines if line["event"] == "training"]
    assert len(training) == 20 and np.mean(training[-3:]) < 0.8 * np.mean(training[:3])
    assert [line["step"] for line in lines if line["event"] == "validation"] == [0, 5, 10, 15, 20]
    assert (distilled.with_name("student.training") / "loss.svg").read_text().startswith("<svg")
    student = weights(distilled)
    assert student.dimensions.decoder_layers == 2 and student.alignment_heads == [(0, 1), (1, 0)]
    [step] = student.provenance.steps
    assert step["step"] == "distil" and step["decoderLayers"] == [0, 3] and len(step["trainedOn"]) == 64
    assert (step["labelWeight"], step["teacherWeight"], step["hiddenWeight"], step["learningRate"], step["steps"]) == (1, 0.8, 1, 3e-3, 20)
    assert {"labelWeight", "encoderLayers", "quantize"} - set(step["byDefault"]) == {"quantize"} and "decoderLayers" not in step["byDefault"]
    assert len((distilled / "trained-on.txt").read_text().splitlines()) == 12
    encoder = [name for name in student.tensors if name.startswith("model.encoder.")]
    assert all((student.tensor(name) == weights(teacher).tensor(name)).all() for name in encoder)


def test_a_training_that_was_broken_off_ends_with_the_same_weights(distilled, teacher, clips, tmp_path):
    out = tmp_path / "student"
    arguments = ("distil.py", teacher, "--decoder-layers", "0,3", "--data", clips, "--out", out, "--steps", 20, "--clips-per-step", 8,
                 *STEPS, "--checkpoint-every", 7, "--resume")
    run_door(*arguments, "--stop-after-minutes", 0, code=3)  # after one step
    assert not out.exists() and (tmp_path / "student.training" / "checkpoint.pt").is_file()
    refused = run_door(*arguments, "--seed", 2, code=2)
    assert "seed was 1, is 2" in refused
    run_door(*arguments)
    assert largest_difference(distilled, out) == 0
    assert [line["step"] for line in progress(out) if line["event"] == "training"] == list(range(1, 21))
    again = run_door(*arguments, code=2)
    assert "is there already" in again


def test_what_was_learnt_is_carried_apart_from_the_rest(distilled, teacher, tmp_path):
    training = distilled.with_name("student.training")
    run_door("distil.py", teacher, "--decoder-layers", "0,3", "--trained", training, "--out", tmp_path / "carried")
    for file in distilled.iterdir():
        assert (tmp_path / "carried" / file.name).read_bytes() == file.read_bytes(), file.name
    refused = run_door("distil.py", teacher, "--decoder-layers", "0", "--trained", training, "--out", tmp_path / "other", code=2)
    assert "give the same layers" in refused


def test_halves_are_carried_as_they_are_saved(teacher, clips, tmp_path):
    arguments = ("distil.py", teacher, "--decoder-layers", "0,3", "--data", clips, "--steps", 1, "--clips-per-step", 4, *STEPS)
    run_door(*arguments, "--freeze", "embed", "--half", "--out", tmp_path / "half")
    run_door(*arguments, "--trained", tmp_path / "half.training", "--out", tmp_path / "carried")
    model = "model.safetensors"
    assert (tmp_path / "half" / model).read_bytes() == (tmp_path / "carried" / model).read_bytes()
    sizes = [(tmp_path / name).stat().st_size for name in ("half/model.safetensors", "half.training/trained.safetensors")]
    assert sizes[1] < 0.6 * sizes[0]


def test_two_processes_learn_what_one_learns_by_accumulation(teacher, tmp_path):
    manifest = without_texts(write_clips(tmp_path / "speech"), 4)  # the teacher is asked, and the processes share that too
    for name, ranks in (("one", 1), ("two", 2)):
        run_door("distil.py", teacher, "--decoder-layers", "0,3", "--data", manifest, "--out", tmp_path / name, "--steps", 4,
                 "--clips-per-step", 7, *STEPS, ranks=ranks)
    assert largest_difference(tmp_path / "one", tmp_path / "two") < 1e-4
    np.testing.assert_allclose(*[[line["loss"] for line in progress(tmp_path / name)] for name in ("one", "two")], rtol=1e-4)
    labels = [next((tmp_path / f"{name}.training").glob("labels-*.jsonl")).read_text() for name in ("one", "two")]
    assert labels[0] == labels[1] and len(labels[0].splitlines()) == 4


def test_quantisation_aware_training_wins_back_what_int4_takes(teacher, clips, tmp_path):
    out = tmp_path / "int4"
    run_door("finetune.py", teacher, "--teacher", teacher, "--quantize", "int4", "--data", clips, "--out", out, "--steps", 30,
             "--clips-per-step", 8, *STEPS, "--label-weight", 0, "--hidden-weight", 0, "--precision", "bf16")
    losses = [line["loss"] for line in progress(out) if line["event"] == "training"]
    assert np.mean(losses[-3:]) < 0.7 * losses[0]
    [step] = weights(out).provenance.steps
    assert step["step"] == "finetune" and step["quantize"] == "int4"


def test_attention_that_plans_at_every_new_shape_is_off(teacher, clips, tmp_path):
    torch.backends.cuda.enable_cudnn_sdp(True)
    run_door("finetune.py", teacher, "--data", clips, "--out", tmp_path / "x", "--steps", 1, "--clips-per-step", 4, *STEPS)
    assert not torch.backends.cuda.cudnn_sdp_enabled()


def test_texts_are_enough_without_a_teacher(teacher, clips, tmp_path):
    out = tmp_path / "plain"
    run_door("finetune.py", teacher, "--data", clips, "--out", out, "--steps", 8, "--clips-per-step", 4, *STEPS, "--freeze", "embed,encoder",
             "--precision", "bf16")
    lines = [line for line in progress(out) if line["event"] == "training"]
    assert lines[-1]["loss"] < lines[0]["loss"] and "teacher" not in lines[0]
    before, after = weights(teacher), weights(out)
    changed = {name for name in after.tensors if (after.tensor(name) != before.tensor(name)).any()}
    assert changed and all(name.startswith(("model.decoder.layers.", "model.decoder.layer_norm")) for name in changed)


@pytest.mark.parametrize(("arguments", "says"), [
    (("--decoder-layers", "3,0"), "in order"), (("--decoder-layers", "0,4"), "0 to 3"), (("--freeze", "ears"), "--freeze 'ears'"),
    (("--clips-per-step", "0"), "are too few"), (("--held-out", "1"), "no clips"),
])
def test_refuses_what_cannot_be(arguments, says, teacher, clips, tmp_path):
    result = run_door("distil.py", teacher, "--data", clips, "--out", tmp_path / "student", *arguments, code=2)
    assert says in result


def test_a_training_of_so_many_seconds_ends_by_the_clock(teacher, clips, tmp_path):
    out = tmp_path / "student"
    run_door("finetune.py", teacher, "--teacher", teacher, "--data", clips, "--out", out, "--steps", 100_000, "--seconds", 3,
             "--clips-per-step", 4, *STEPS, "--augment", "--resident", "--batch-seconds", 4)
    lines = [line for line in progress(out) if line["event"] == "training"]
    assert 0 < len(lines) < 100_000 and (out / "model.safetensors").is_file()
    assert [line for line in progress(out) if line["event"] == "validation"][-1]["step"] == lines[-1]["step"]
    [step] = weights(out).provenance.steps
    assert step["steps"] == len(lines) and step["seconds"] >= 3 and step["augment"] is True


def test_a_recipe_is_satisfied_by_what_its_own_options_made(teacher, clips, tmp_path):
    """All that a training records is what check_trained looks for."""
    (tmp_path / "own.toml").write_text(f'source = "{teacher}"\n[speech]\n[finetune]\nsteps = 2\nclips_per_step = 4\nfreeze = ["embed", "convolutions"]\n'
                                       'quantize = "int8"\nheld_out = 0.25\nhidden_weight = 2\naugment = true\n')
    recipe = read_recipe(tmp_path / "own.toml")
    run_door("finetune.py", teacher, "--teacher", teacher, "--data", clips, "--out", tmp_path / "made", *step_flags(recipe.steps["finetune"]))
    check_trained(recipe, tmp_path / "made.training", hash_file(clips))
    (tmp_path / "own.toml").write_text((tmp_path / "own.toml").read_text().replace("hidden_weight = 2\n", ""))
    with pytest.raises(ModelError, match="finetune.hidden_weight was 2.0, the recipe leaves it out"):
        check_trained(read_recipe(tmp_path / "own.toml"), tmp_path / "made.training", hash_file(clips))


def test_labels_are_made_once_for_several_trainings(teacher, tmp_path):
    manifest = without_texts(write_clips(tmp_path / "speech"), 4)
    shared = ("--teacher", teacher, "--data", manifest, "--cache", tmp_path / "cache", "--resident", "--clips-per-step", 4, *STEPS, "--steps", 1)
    run_door("finetune.py", teacher, *shared, "--out", tmp_path / "none", "--only-labels")
    assert not (tmp_path / "none").exists() and len(list((tmp_path / "cache").glob("labels-*.jsonl"))) == 1
    told = run_door("finetune.py", teacher, *shared, "--out", tmp_path / "some", "--labels", "auto")
    assert "labelled" not in told


def test_what_a_pruned_student_learnt_is_put_on_what_it_was_pruned_from(teacher, clips, tmp_path):
    """The machine that builds need not have the pruned weights: all that pruning changed is trained too."""
    whole = weights(teacher)
    changed = {f"model.decoder.layers.0.fc1.{name}": whole.tensor(f"model.decoder.layers.0.fc1.{name}")[:64] for name in ("weight", "bias")}
    changed["model.decoder.layers.0.fc2.weight"] = whole.tensor("model.decoder.layers.0.fc2.weight")[:, :64]
    save_weights(with_step(with_tensors(whole, changed, alignment_heads=[(0, 1)]), "prune", share=0.1), tmp_path / "pruned")
    run_door("finetune.py", tmp_path / "pruned", "--teacher", teacher, "--data", clips, "--freeze", "embed", "--steps", 2,
             "--clips-per-step", 4, *STEPS, "--out", tmp_path / "tuned")
    arguments = ("--trained", tmp_path / "tuned.training", "--teacher", teacher)
    run_door("finetune.py", teacher, *arguments, "--out", tmp_path / "carried")
    for file in (tmp_path / "tuned").iterdir():
        assert (tmp_path / "carried" / file.name).read_bytes() == file.read_bytes(), file.name
    other = write_teacher(tmp_path / "other", seed=3)
    assert "give the same source" in run_door("finetune.py", other, *arguments, "--out", tmp_path / "wrong", code=2)
