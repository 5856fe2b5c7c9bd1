"""JSON that must be of a dataclass, keys in camelCase: read as strictly as layers/whisper/manifest.ts does."""
from __future__ import annotations

import dataclasses
import math
import types
import typing

from weights import ModelError

Logprob = typing.NewType("Logprob", float)  # 0 or less
LARGEST_INT = 2**53 - 1  # what JavaScript counts exactly


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def parse(kind, value, path: str):
    """`value`, as read from JSON, as the type `kind`; refuses unknown keys, missing keys and wrong types.

    A field with a default may be left out, and is never null."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = {camel(field.name): field.name for field in dataclasses.fields(kind)}
        optional = {camel(field.name) for field in dataclasses.fields(kind) if field.default is None}
        if not isinstance(value, dict) or not names.keys() - optional <= value.keys() <= names.keys():
            found = sorted(value) if isinstance(value, dict) else value
            raise ModelError(f"manifest: {path or 'it'} must have the keys {sorted(names.keys() - optional)}, found {found}")
        if nulls := sorted(key for key in optional if key in value and value[key] is None):
            raise ModelError(f"manifest: {f'{path}.{nulls[0]}'.lstrip('.')} is null: write it or leave it out")
        return kind(**{names[key]: parse(hints[names[key]], item, f"{path}.{key}".lstrip(".")) for key, item in value.items()})
    if origin in (types.UnionType, typing.Union) and type(None) in inner:  # the second of a Literal
        return None if value is None else parse(inner[0], value, path)
    if origin is dict and isinstance(value, dict):
        return {key: parse(inner[1], item, f"{path}.{key}") for key, item in value.items()}
    if origin is list and isinstance(value, list):
        return [parse(inner[0], item, f"{path}[{index}]") for index, item in enumerate(value)]
    if origin is tuple and isinstance(value, list) and len(value) == len(inner):
        return tuple(parse(each, item, f"{path}[{index}]") for index, (each, item) in enumerate(zip(inner, value)))
    if origin is typing.Literal and value in inner and not isinstance(value, bool):
        return value
    if origin is types.UnionType and is_figure(value):
        return value
    if kind is Logprob and type(value) in (int, float) and -math.inf < value <= 0:
        return float(value)
    if kind is float and type(value) in (int, float) and 0 <= value < math.inf:
        return float(value)
    if kind is int and type(value) in (int, float) and 0 <= value <= LARGEST_INT and value == int(value):
        return int(value)
    if kind is str and type(value) is str:
        return value
    raise ModelError(f"manifest: {path} is {value!r}: write {getattr(kind, '__name__', kind)}")


def is_figure(value) -> bool:
    """What a step of a recipe may report: a number, a text, true or false, or a list of these."""
    if isinstance(value, list):
        return all(is_figure(item) and not isinstance(item, list) for item in value)
    return isinstance(value, (str, bool)) or type(value) in (int, float) and math.isfinite(value)


def plain(value):
    """Dataclasses to what JSON can hold, with camelCase keys."""
    if dataclasses.is_dataclass(value):
        return {camel(field.name): plain(getattr(value, field.name)) for field in dataclasses.fields(value)
                if field.default is not None or getattr(value, field.name) is not None}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
