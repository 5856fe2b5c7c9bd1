"""Measures models beside one another, and keeps the table of variants in models/README.md.

  npm run model -- variants --measure --baseline whisper-tiny.en-fp32 MODEL … [--clips REFERENCES.jsonl] [--threads 2]
  npm run model -- variants --record MODEL …
  npm run model -- variants --record --gpu variants.json
  npm run model -- variants --table

--measure runs the models clip by clip in turn, so that all of them meet the same machine, and writes what it found into their
manifests: seconds of audio in a second, and that beside the baseline's. A clip counts with its fastest round, greedy, with the whole
30 s of context. --record takes the figures of the manifests over into variants.json, which stays in the repository when the
models do not, and writes the table anew. --gpu takes what test/bench/gpu measured of the weights of rows that are there already,
each built for CUDA in fp16: {"hardware": …, "models": {ID: times real time}, "baseline": ID}.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

from build import load_source
from clips import REFERENCES
from compare_tokens import choose_clips, read_audio
from manifest import Figures, Manifest, Speed, read_manifest, write_manifest
from read_json_object import read_json_object
from run_graph import SAMPLES, Graph, check_files, prompt_of
from stopping import stopping
from typed_json import plain
from verify import find_model, source_of
from weights import ModelError, count_parameters

HERE = Path(__file__).parent
RECORD, README = HERE / "variants.json", HERE / "README.md"
BEGIN, END = "<!-- variants: npm run model -- variants --table -->", "<!-- end of variants -->"
ROUNDS = 3


def measure(folders: list[Path], baseline: Path, clips_path: Path, threads: int, hardware: str) -> None:
    """Prints a line for each model and writes its speed into its manifest."""
    models = {folder: read_manifest(folder) for folder in dict.fromkeys([baseline, *folders])}
    for folder, manifest in models.items():
        check_files(folder, manifest)
    clips = choose_clips(clips_path, models[baseline])
    graphs = {folder: Graph(folder, manifest, threads) for folder, manifest in models.items()}
    seconds, total = dict.fromkeys(models, 0.0), 0.0
    for clip in clips:
        audio = read_audio(clip.path)
        said = audio.nonzero()[0]
        total += (said[-1] + 1 if len(said) else SAMPLES) / 16_000
        best = dict.fromkeys(models, float("inf"))
        for turn in range(ROUNDS):
            order = list(graphs.items())
            for folder, graph in order if turn % 2 == 0 else reversed(order):
                prompt = prompt_of(models[folder], clip.languages[0], False)
                started = time.perf_counter()
                graph.transcribe(audio, prompt, False)
                best[folder] = min(best[folder], time.perf_counter() - started)
        for folder in models:
            seconds[folder] += best[folder]
    for folder, manifest in models.items():
        speed = Speed(manifest.graph.target, hardware, round(total / seconds[folder], 1), models[baseline].id,
                      round(seconds[baseline] / seconds[folder], 2))
        print(f"{manifest.id:40} {speed.times_real_time:8} × real time  {speed.times_baseline:6} × {speed.baseline}")
        write_manifest(with_speed(manifest, speed), folder)


def with_speed(manifest: Manifest, speed: Speed) -> Manifest:
    """In place of an earlier one of the same device."""
    figures = manifest.figures or Figures(count_parameters(load_source(source_of(manifest))), [], [])
    others = [each for each in figures.speed if each.device != speed.device]
    return dataclasses.replace(manifest, figures=dataclasses.replace(figures, speed=sorted([*others, speed], key=lambda each: each.device)))


def record(folders: list[Path], gpu: Path | None) -> None:
    """Takes the manifests' figures over into variants.json."""
    kept = read_json_object(RECORD) if RECORD.is_file() else {}
    for folder in folders:
        manifest = read_manifest(folder)
        if manifest.figures is None:
            raise ModelError(f"{manifest.id} has no figures: measure it first, or make it from a recipe")
        graph_bytes = sum(info.size_bytes for name, info in manifest.files.items() if name.startswith(manifest.graph.file))
        row = plain({
            "recipe": manifest.recipe.name if manifest.recipe else None, "made": [step["step"] for step in manifest.recipe.steps] if manifest.recipe else [],
            "precision": manifest.graph.precision, "sizeBytes": graph_bytes, "figures": manifest.figures, "verified": manifest.verified,
            "wordErrors": manifest.word_errors})
        # What a GPU did with the same weights is in no manifest of theirs
        before = kept[manifest.id]["figures"]["speed"] if manifest.id in kept else []
        row["figures"]["speed"] = one_each([*(each for each in before if each["device"] == "cuda"), *row["figures"]["speed"]])
        kept[manifest.id] = row
    for name, speed in (read_gpu(gpu) if gpu else {}).items():
        if name not in kept:
            raise ModelError(f"{gpu.name} measures {name}, and the table has no such row: record the model first")
        kept[name]["figures"]["speed"] = one_each([*kept[name]["figures"]["speed"], plain(speed)])
    text = json.dumps(dict(sorted(kept.items())), indent=2, ensure_ascii=False) + "\n"
    RECORD.write_text(text, "utf8")


def one_each(speeds: list[dict]) -> list[dict]:
    """The last of each device."""
    return [speed for _, speed in sorted({each["device"]: each for each in speeds}.items())]


def read_gpu(path: Path) -> dict[str, Speed]:
    found = read_json_object(path)
    models, baseline = found.get("models"), found.get("baseline")
    if not isinstance(models, dict) or baseline not in models or not isinstance(found.get("hardware"), str):
        raise ModelError(f'{path.name} has no speeds: write {{"hardware": …, "baseline": ID, "models": {{ID: times real time}}}}')
    return {name: Speed("cuda", found["hardware"], float(times), baseline, round(times / models[baseline], 2)) for name, times in models.items()}


def table(rows: dict[str, dict]) -> str:
    """The Markdown of variants.json, the largest graph first."""
    if not rows:
        return "Nothing is recorded yet.\n"
    sets = sorted({error["set"] for row in rows.values() for error in row["wordErrors"]})
    noise_sets = sorted({noise["set"] for row in rows.values() for noise in row["figures"]["noise"]})
    heads = ["model", "made by", "parameters", "MB", "CPU", "GPU", *(f"{name}: WER / CER %" for name in sets),
             *(f"{name}: invented words" for name in noise_sets), "tokens off %"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for identity, row in sorted(rows.items(), key=lambda item: -item[1]["sizeBytes"]):
        figures = row["figures"]
        errors = {error["set"]: f"{error['wordErrorPercent']:.2f} / {error['characterErrorPercent']:.2f}" for error in row["wordErrors"]}
        noise = {each["set"]: str(each["inventedWords"]) for each in figures["noise"]}
        speeds = {each["device"]: f"{each['timesBaseline']:.2f} ×" for each in figures["speed"]}
        verified = f"{row['verified']['tokenErrorPercent']:g}" if row["verified"] else "not verified"
        cells = [f"`{identity}`", ", ".join([*row["made"], row["precision"]]), f"{figures['parameters'] / 1e6:.1f} M", f"{row['sizeBytes'] / 1e6:.1f}",
                 speeds.get("cpu", ""), speeds.get("cuda", ""), *(errors.get(name, "") for name in sets),
                 *(noise.get(name, "") for name in noise_sets), verified]
        lines.append("| " + " | ".join(cells) + " |")
    speeds = [each for row in rows.values() for each in row["figures"]["speed"]]
    # A GPU runs no int8 or int4: which row a figure stands in says which weights they are
    names = {"cpu": "CPU:", "cuda": "GPU: the weights of the row, built for CUDA in fp16,"}
    notes = sorted({f"{names[each['device']]} beside {each['baseline']}, in one run, on {each['hardware']}." for each in speeds})
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def with_table(readme: str, rows: dict[str, dict]) -> str:
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ModelError(f"README.md has no place for the table: write {BEGIN} and {END} where it belongs")
    return f"{before}{BEGIN}\n\n{table(rows)}\n{END}{after}"


def write_table() -> None:
    rows = read_json_object(RECORD) if RECORD.is_file() else {}
    text = with_table(README.read_text("utf8"), rows)
    temporary = README.with_name(".README.md.new")
    temporary.write_text(text, "utf8")
    temporary.replace(README)


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- variants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="folders, or ids under models/artifacts")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--measure", action="store_true", help="write the models' speed into their manifests")
    what.add_argument("--record", action="store_true", help="take the manifests' figures over into variants.json and the table")
    what.add_argument("--table", action="store_true", help="write the table of variants.json into README.md")
    parser.add_argument("--baseline", help="the model that the others are measured beside")
    parser.add_argument("--clips", type=Path, default=REFERENCES, help="default: test/fixtures/audio/references.jsonl")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hardware", help="what the machine is called in the table; default: its number of threads")
    parser.add_argument("--gpu", type=Path, help="results of a GPU to record")
    return stopping(parser, keep)


def keep(options: argparse.Namespace) -> None:
    folders = [find_model(name) for name in options.models]
    if options.measure:
        if not options.baseline or not folders:
            raise ModelError("there is nothing to measure: name models, and --baseline")
        measure(folders, find_model(options.baseline), options.clips, options.threads, options.hardware or f"{options.threads} threads")
        return
    if options.record:
        record(folders, options.gpu)
    write_table()


if __name__ == "__main__":
    sys.exit(main())
