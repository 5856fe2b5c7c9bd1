"""Makes a model from its recipe: weights, pruning, training, build, verification, evaluation, in one go.

  npm run model -- make RECIPE … [--set NAME=REFERENCES.jsonl …] [--data TRAIN.jsonl] [--until STEP] [--force]
  npm run model -- make --list
  npm run model -- make RECIPE --plan
  npm run model -- make RECIPE --options STEP

RECIPE is a name of models/recipes or a .toml file. Each step's result is kept in models/work/recipes under a hash of its options
and of what it takes in, so that a rerun does only what has changed, and training that was broken off goes on. The model lands in
models/artifacts/ID with its figures in its manifest, and only if it is verified. Exit code 3: training was stopped by
--minutes; run it again to go on.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from build import ARTIFACTS, load_source
from check_trained import check_trained
from hash_file import hash_file
from make_steps import RESUMABLE, Command, Plan, Step, bring, commands, copy_model, every_step, last_weights, needed, plan, step_flags
from manifest import Figures, Manifest, Rung, read_manifest, write_manifest
from manifest import Recipe as Made
from recipe import STEPS, TRAININGS, WEIGHT_STEPS, Recipe, find_recipe, list_recipes, read_recipe
from weights import ModelError, count_parameters
from whole_folder import whole_folder

UNFINISHED = 3  # exit code of training that was stopped in time


class Stopped(Exception):
    """A step ended otherwise than well; its message was printed by the step."""

    def __init__(self, code: int) -> None:
        self.code = code


def make(made: Plan, until: str, minutes: float | None, again: list[str]) -> None:
    """Runs the steps up to `until` that have no result yet and are needed."""
    steps = every_step(made)
    chosen = steps[:1 + max([place for place, step in enumerate(steps) if list(STEPS).index(step.name) <= list(STEPS).index(until)], default=-1)]
    for step in chosen:
        if step.name in again and step.folder.exists():
            shutil.rmtree(step.folder)
    todo = needed(made, chosen[-1]) if chosen else []
    for step in chosen:
        if step not in todo:
            print(f"{step.name:9} {'kept' if step.done else 'not needed'}", flush=True)
            continue
        started = time.monotonic()
        print(f"{step.name:9} …", flush=True)
        run_step(made, step, minutes)
        print(f"{step.name:9} {time.monotonic() - started:.0f} s", flush=True)


def run_step(made: Plan, step: Step, minutes: float | None) -> None:
    if step.work.exists() and step.name not in RESUMABLE:
        shutil.rmtree(step.work)
    step.work.mkdir(parents=True, exist_ok=True)
    result = step.work / step.result.name
    if step.name in ("verify", "evaluate"):
        copy_model(step.before.result / made.recipe.id, result / made.recipe.id)
    started = time.monotonic()
    todo = commands(made, step, result)
    if minutes and step.name in TRAININGS:
        todo = [Command([*command.arguments, "--stop-after-minutes", str(minutes)], command.stdout) for command in todo]
    for command in todo:
        run(command)
    if step.name == "build":
        describe(made.recipe, step, result / made.recipe.id)
    finish(made, step, time.monotonic() - started)


def finish(made: Plan, step: Step, seconds: float) -> None:
    facts = {"step": step.name, "options": step.options, "seconds": round(seconds, 1), "recipe": made.recipe.name}
    (step.work / "step.json").write_text(json.dumps(facts) + "\n", "utf8")
    shutil.rmtree(step.folder, ignore_errors=True)
    step.work.rename(step.folder)


def take_trained(made: Plan, trained: Path) -> None:
    """Keeps what was trained on another machine as the result of the last training."""
    if not made.data:
        raise ModelError("--trained goes with --data: give the training manifest of there")
    step, command = bring(made, trained)
    check_trained(made.recipe, trained, hash_file(made.data))
    shutil.rmtree(step.work, ignore_errors=True)
    step.work.mkdir(parents=True)
    run(command)
    finish(made, step, 0)


def run(command: Command) -> None:
    if command.stdout:
        with open(command.stdout, "wb") as file:
            code = subprocess.run(command.arguments, stdout=file).returncode
    else:
        code = subprocess.run(command.arguments).returncode
    if code:
        if code != UNFINISHED:
            print(f"model: this step ended with exit code {code}: {command}", file=sys.stderr)
        raise Stopped(code if code > 0 else 130)


def describe(recipe: Recipe, step: Step, model: Path) -> None:
    """Puts the number of parameters and the ladder into the manifest."""
    before = last_weights(step)
    weights = load_source(str(before.result)) if before else load_source(recipe.source, recipe.revision, recipe.licence)
    ladder = None if recipe.ladder is None else [Rung(rung["model"], float(rung["averageLogprobBelow"])) for rung in recipe.ladder]
    write_manifest(dataclasses.replace(read_manifest(model), figures=Figures(count_parameters(weights), [], []), ladder=ladder), model)


def install(made: Plan, force: bool) -> Path:
    """Copies the model of the last step to models/artifacts, and says there which recipe made it."""
    model, final = made.steps[-1].result / made.recipe.id, ARTIFACTS / made.recipe.id
    manifest = read_manifest(model)
    if manifest.verified is None:
        raise ModelError(f"{made.recipe.id} is not verified: it stays in {model}")
    if final.exists() and (there := read_manifest(final)).files == manifest.files:
        manifest, force = with_figures_of(manifest, there), True  # the same graph
    with whole_folder(final, force) as new:
        for path in model.iterdir():
            shutil.copyfile(path, new / path.name)
        how = dataclasses.replace(manifest.recipe or Made([]), name=made.recipe.name, sha256=made.recipe.sha256)
        write_manifest(dataclasses.replace(manifest, recipe=how), new)
    return final


def with_figures_of(manifest: Manifest, before: Manifest) -> Manifest:
    """Keeps what was measured of the same graph elsewhere: speed, and sets that were not evaluated this time."""
    errors = {error.set: error for error in [*before.word_errors, *manifest.word_errors]}
    figures = manifest.figures
    if figures and before.figures:
        noise = {each.set: each for each in [*before.figures.noise, *figures.noise]}
        speed = {each.device: each for each in [*before.figures.speed, *figures.speed]}
        figures = dataclasses.replace(figures, noise=[noise[name] for name in sorted(noise)], speed=[speed[name] for name in sorted(speed)])
    return dataclasses.replace(manifest, figures=figures, word_errors=[errors[name] for name in sorted(errors)])


def show(made: Plan) -> None:
    print(f"{made.recipe.name}: {made.recipe.id} from {made.recipe.source}")
    todo = needed(made, made.steps[-1])
    for step in every_step(made):
        print(f"{step.name:9} {'to do' if step in todo else 'kept' if step.done else 'not needed'}  {step.folder.name}")
        if step in todo:
            for command in commands(made, step, step.work / step.result.name):
                print(f"          {command}")


def read_sets(given: list[str]) -> dict[str, Path]:
    found = {}
    for each in given:
        name, equals, path = each.partition("=")
        if not name or not equals or not path:
            raise ModelError(f"--set {each!r}: write NAME=REFERENCES.jsonl")
        found[name] = Path(path)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- make", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--list", action="store_true", help="say which recipes there are")
    parser.add_argument("--plan", action="store_true", help="say what would run, and run nothing")
    parser.add_argument("--options", choices=WEIGHT_STEPS, metavar="STEP", help="print what the recipe tells this step's command, and run nothing")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=FILE", help="evaluate on these references too")
    parser.add_argument("--data", type=Path, help="a training manifest in place of synthetic speech")
    parser.add_argument("--trained", type=Path, metavar="FOLDER.training", help="what the recipe's last training left on another machine")
    parser.add_argument("--until", choices=list(STEPS), default="evaluate", help="end after this step; before evaluate nothing is installed")
    parser.add_argument("--again", action="append", default=[], choices=list(STEPS), help="run this step though it has a result")
    parser.add_argument("--minutes", type=float, help="stop training after so many, to be gone on with")
    parser.add_argument("--force", action="store_true", help="replace another model of the same id")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.list:
            for name in list_recipes():
                print(f"{name:34} {read_recipe(find_recipe(name)).about}")
            return 0
        if not options.recipes:
            parser.error("name a recipe, or --list")
        if options.trained and len(options.recipes) != 1:
            parser.error("--trained is of one recipe")
        if options.options:
            for recipe in [read_recipe(find_recipe(name)) for name in options.recipes]:
                if options.options not in recipe.steps:
                    raise ModelError(f"{recipe.name} has no {options.options}: name one of its steps, {', '.join(recipe.steps)}")
                print(shlex.join(step_flags(recipe.steps[options.options])))
            return 0
        sets = read_sets(options.set)
        for made in [plan(read_recipe(find_recipe(name)), options.data, sets) for name in options.recipes]:
            if options.plan:
                show(made)
                continue
            if options.trained:
                take_trained(made, options.trained)
            make(made, options.until, options.minutes, options.again)
            if options.until == "evaluate":
                print(install(made, options.force))
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    except Stopped as stopped:
        return stopped.code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
