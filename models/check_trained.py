"""Refuses what was trained on another machine where a recipe would have trained it otherwise."""
from __future__ import annotations

from pathlib import Path

from read_json_object import read_json_object
from recipe import COMMANDS, HOW, STEPS, TRAININGS, WEIGHT_STEPS, Recipe
from typed_json import camel
from weights import ModelError


def check_trained(recipe: Recipe, trained: Path, data_sha256: str) -> None:
    """`trained` is a FOLDER.training, `data_sha256` that of the training manifest. Raises ModelError which says every difference."""
    told = read_json_object(trained / "trained.json")
    try:
        made = [*told["provenance"]["steps"], {"step": told["step"]} | told["figures"]]
        names = [step["step"] for step in made]
    except (KeyError, TypeError) as error:
        raise ModelError(f"{trained / 'trained.json'} is not what a training writes ({error}): bring it anew") from error
    wanted = {name: options for name, options in recipe.steps.items() if name in WEIGHT_STEPS}
    if names != [COMMANDS.get(name, name) for name in wanted]:
        raise ModelError(f"{trained.name} was made by {', '.join(names)}, {recipe.name} says {', '.join(wanted)}: give what its last training left")
    origin = told["provenance"]["origin"]["sha256"]
    found = [line for (name, options), step in zip(wanted.items(), made, strict=True)
             for line in differences(name, options, step, data_sha256, origin)]
    if found:
        raise ModelError(f"{trained.name} was not trained as {recipe.name} says: {'; '.join(found)}. Write into the recipe what was done, or train anew")


def differences(name: str, options: dict, step: dict, data_sha256: str, origin: str) -> list[str]:
    found = []
    for option in sorted(STEPS[name].keys() - HOW - {"no_teacher"}):
        key = camel(option)
        there = sorted(step[key]) if option == "freeze" and key in step else step.get(key)
        wanted = sorted(options[option]) if option == "freeze" and option in options else options.get(option)
        if option in options and there != wanted:
            found.append(f"{name}.{option} was {'not recorded' if there is None else there}, the recipe says {wanted}")
        if option not in options and key not in step.get("byDefault", []):
            found.append(f"{name}.{option} was {'not recorded' if there is None else there}, the recipe leaves it out")
    if "plan" in step:
        found.append(f"{name} learnt the rounding of a plan, which no recipe has")
    if name in ("finetune", "qat"):
        teacher = None if options.get("no_teacher") else origin
        if step.get("teacher") != teacher:
            found.append(f"{name} had {'another' if step.get('teacher') else 'no'} teacher than the recipe's")
    kept = "data" if name in TRAININGS else "calibratedOn"
    if step.get(kept) != data_sha256:
        found.append(f"{name} learnt from data of sha256 {str(step.get(kept))[:16]}, --data has {data_sha256[:16]}")
    return found
