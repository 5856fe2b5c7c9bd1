"""manifest.json beside a graph: the Python twin of layers/whisper/manifest.ts. test/fixtures/manifest.json is read by both."""
from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import types
import typing
from dataclasses import dataclass
from pathlib import Path

from weights import Dimensions, ModelError, Source, Tokens


@dataclass(frozen=True)
class GraphInfo:
    file: str
    target: typing.Literal["cpu", "cuda"]
    precision: typing.Literal["fp32", "fp16", "int8", "int4", "mixed"]
    opset: int


@dataclass(frozen=True)
class FileInfo:
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Verified:
    reference: str
    clips: int
    clips_equal: int
    token_error_percent: float
    tolerance_percent: float


@dataclass(frozen=True)
class WordError:
    set: str
    clips: int
    words: int
    word_error_percent: float
    character_error_percent: float


Logprob = typing.NewType("Logprob", float)  # 0 or less


@dataclass(frozen=True)
class Recipe:
    """How the weights were made from others."""
    steps: list[dict[str, float | str | bool | list]]  # in order; each has "step", its name, and what it reports
    name: str | None = None  # of the file under models/recipes
    sha256: str | None = None  # of that file
    trained_on: str | None = None  # sha256 of the training manifest, of the manifests' hashes in order where there are several


@dataclass(frozen=True)
class Speed:
    device: typing.Literal["cpu", "cuda"]
    hardware: str
    times_real_time: float
    baseline: str  # id of the model that was measured in turn with this one
    times_baseline: float


@dataclass(frozen=True)
class Noise:
    set: str
    clips: int
    invented_words: int


@dataclass(frozen=True)
class Figures:
    parameters: int  # tensors that share their numbers counted once
    speed: list[Speed]
    noise: list[Noise]


@dataclass(frozen=True)
class Rung:
    """The model that hears a segment again where the average log-probability of the one before is below the limit."""
    model: str
    average_logprob_below: Logprob


@dataclass(frozen=True)
class Manifest:
    format: typing.Literal[1]
    id: str
    source: Source
    dimensions: Dimensions
    languages: dict[str, int]
    tokens: Tokens
    suppress: list[int]
    suppress_at_begin: list[int]
    alignment_heads: list[tuple[int, int]]
    graph: GraphInfo
    files: dict[str, FileInfo]
    verified: Verified | None
    word_errors: list[WordError]
    recipe: Recipe | None = None
    figures: Figures | None = None
    ladder: list[Rung] | None = None


ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
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
    if origin is types.UnionType and type(None) in inner:
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


def refuse_constant(name: str):
    """NaN and Infinity: Python would read them, JSON has them not."""
    raise ModelError(f"manifest: not JSON ({name} is no number): build the model again")


def parse_manifest(text: str) -> Manifest:
    """Reads a manifest; raises ModelError where layers/whisper/manifest.ts would refuse it too."""
    try:
        manifest = parse(Manifest, json.loads(text, parse_constant=refuse_constant), "")
    except json.JSONDecodeError as error:
        raise ModelError(f"manifest: not JSON ({error}): build the model again") from error
    positive = dataclasses.asdict(manifest.dimensions) | {"graph.opset": manifest.graph.opset}
    positive |= {f"files.{name}.sizeBytes": info.size_bytes for name, info in manifest.files.items()}
    positive |= {f"wordErrors[{place}]": min(e.clips, e.words) for place, e in enumerate(manifest.word_errors)}
    positive |= {"verified.clips": manifest.verified.clips} if manifest.verified else {}
    if manifest.figures:
        positive |= {"figures.parameters": manifest.figures.parameters}
        positive |= {f"figures.noise[{place}].clips": noise.clips for place, noise in enumerate(manifest.figures.noise)}
        positive |= {f"figures.speed[{place}]": min(speed.times_real_time, speed.times_baseline)
                     for place, speed in enumerate(manifest.figures.speed)}
    for name, value in positive.items():
        if value == 0:
            raise ModelError(f"manifest: {name} is 0: write a positive number")
    texts = {"source.name": manifest.source.name, "source.licence": manifest.source.licence, "graph.file": manifest.graph.file}
    if manifest.recipe:
        texts |= {f"recipe.steps[{place}].step": step.get("step") for place, step in enumerate(manifest.recipe.steps)}
        texts |= {"recipe.name": manifest.recipe.name} if manifest.recipe.name is not None else {}
    if manifest.figures:
        texts |= {f"figures.speed[{place}].hardware": speed.hardware for place, speed in enumerate(manifest.figures.speed)}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ModelError(f"manifest: {name} is {value!r}: write a text")
        if not value:
            raise ModelError(f"manifest: {name} is empty: write a text")
    hashes = {"source": manifest.source.sha256} | {name: info.sha256 for name, info in manifest.files.items()}
    if manifest.recipe:
        optional = {"recipe": manifest.recipe.sha256, "recipe.trainedOn": manifest.recipe.trained_on}
        hashes |= {name: value for name, value in optional.items() if value is not None}
    for name, value in hashes.items():
        if not SHA256.fullmatch(value):
            raise ModelError(f"manifest: sha256 of {name} is {value!r}: write 64 lower-case hexadecimal digits")
    ids = {"id": manifest.id} | {f"ladder[{place}].model": rung.model for place, rung in enumerate(manifest.ladder or [])}
    if manifest.figures:
        ids |= {f"figures.speed[{place}].baseline": speed.baseline for place, speed in enumerate(manifest.figures.speed)}
    for name, value in ids.items():
        if not ID.fullmatch(value):
            raise ModelError(f"manifest: {name} is {value!r}: use lower-case letters, digits, '.', '_' and '-'")
    if manifest.source.kind not in ("huggingface", "ctranslate2"):
        raise ModelError(f"manifest: source.kind is {manifest.source.kind!r}: write huggingface or ctranslate2")
    return manifest


def plain(value):
    """Dataclasses to what JSON can hold, with camelCase keys."""
    if dataclasses.is_dataclass(value):
        return {camel(field.name): plain(getattr(value, field.name)) for field in dataclasses.fields(value)
                if field.default is not None or getattr(value, field.name) is not None}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def format_manifest(manifest: Manifest) -> str:
    text = json.dumps(plain(manifest), indent=2, ensure_ascii=False)
    # lists of numbers on one line: suppress lists have a hundred
    return re.sub(r"\[[\d,\s]*\]", lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text) + "\n"


def read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    if not path.is_file():
        raise ModelError(f"{folder} has no manifest.json: give the folder of a built model")
    return parse_manifest(path.read_text("utf8"))


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes it whole or not at all."""
    text = format_manifest(manifest)
    parse_manifest(text)
    temporary = folder / f".manifest.{os.getpid()}.json"
    temporary.write_text(text, "utf8")
    temporary.replace(folder / "manifest.json")
