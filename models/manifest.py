"""manifest.json beside a graph: the Python twin of layers/whisper/manifest.ts. test/fixtures/manifest.json is read by both."""
from __future__ import annotations

import json
import os
import re
import typing
from dataclasses import dataclass
from pathlib import Path

from check_manifest import check_manifest
from typed_json import Logprob, parse, plain
from weights import Dimensions, ModelError, Source, Tokens


@dataclass(frozen=True)
class GraphInfo:
    file: str
    target: typing.Literal["cpu", "cuda"]
    precision: typing.Literal["fp32", "fp16", "int8", "int4", "mixed"]
    opset: int
    cross_attention_cache: typing.Literal["int8"] | None = None  # of steps as CUDA graphs; else in the graph's own type


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


def refuse_constant(name: str):
    """NaN and Infinity: Python would read them, JSON has them not."""
    raise ModelError(f"manifest: not JSON ({name} is no number): build the model again")


def parse_manifest(text: str) -> Manifest:
    """Reads a manifest; raises ModelError where layers/whisper/manifest.ts would refuse it too."""
    try:
        manifest = parse(Manifest, json.loads(text, parse_constant=refuse_constant), "")
    except json.JSONDecodeError as error:
        raise ModelError(f"manifest: not JSON ({error}): build the model again") from error
    check_manifest(manifest)
    return manifest


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
