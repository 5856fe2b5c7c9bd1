"""What a step was told, as figures of its provenance: enough to say whether a recipe would have told it the same."""
from __future__ import annotations

import argparse

from recipe import HOW, STEPS
from typed_json import camel, is_figure


def given_options(step: str, parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict:
    """The options of `step` that change what comes out, and in "byDefault" the names of those that nobody gave."""
    names = sorted(name for name in STEPS[step].keys() - HOW if hasattr(options, name))
    values = {name: as_recipe(name, getattr(options, name)) for name in names}
    return {camel(name): value for name, value in values.items() if value is not None and is_figure(value)} | {
        "byDefault": [camel(name) for name in names if getattr(options, name) == parser.get_default(name)]}


def as_recipe(name: str, value):
    """Lists as a recipe writes them, in any order."""
    if name == "freeze":
        return sorted(part for part in value.split(",") if part)
    return [int(part) for part in value.split(",")] if name.endswith("_layers") and value else value
