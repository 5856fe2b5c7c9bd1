"""What the commands that make weights smaller have in common: source and calibration clips in, a folder of weights out."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from build import load_source
from compress.calibration import Passage, calibration_clips, read_passages
from edit_weights import with_step
from given_options import given_options
from hash_file import hash_file
from save_weights import save_weights
from stopping import stopping
from training_manifest import add_trained_on
from weights import ModelError, WhisperWeights

CLIPS = 48  # about five minutes of short clips


def door(name: str, description: str, out: str = "folder of the new weights", clips: int = CLIPS) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"npm run model -- {name}", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--data", type=Path, required=True, help='calibration clips: JSONL of {"file", …}')
    parser.add_argument("--clips", type=int, default=clips, help=f"of them, the first so many; default: {clips}")
    parser.add_argument("--out", type=Path, required=True, help=out)
    parser.add_argument("--revision", help="of a hub id")
    parser.add_argument("--licence", help="of the weights, where the source does not say it")
    parser.add_argument("--force", action="store_true", help="replace what is at --out")
    return parser


def read(options: argparse.Namespace) -> tuple[WhisperWeights, list[Passage]]:
    weights = load_source(options.source, options.revision, options.licence)
    return weights, read_passages(weights, options.data, options.clips, note)


Change = Callable[[WhisperWeights, list[Passage], argparse.Namespace], tuple[WhisperWeights, dict]]


def make_weights(parser: argparse.ArgumentParser, step: str, change: Change) -> int:
    """Saves the weights that `change` returns, with its figures in their provenance; returns the exit code."""
    parser.add_argument("--half", action="store_true", help="store float16")

    def work(options: argparse.Namespace) -> str:
        check(options)
        weights, passages = read(options)
        changed, figures = change(weights, passages, options)
        figures = given_options(step, parser, options) | figures | {"calibratedOn": hash_file(options.data), "clips": len(passages)}
        save_weights(with_step(changed, step, **figures), options.out, options.half, options.force)
        add_trained_on(options.out, calibration_clips(weights, options.data, options.clips), weights.tokenizer_path.parent)
        return "  ".join([str(options.out), *(f"{name} {value}" for name, value in figures.items())])

    return stopping(parser, work)


def check(options: argparse.Namespace) -> None:
    """Before the work, not after it."""
    for name in ("share", "floor", "variance"):
        value = getattr(options, name, None)
        if value is not None and not 0 <= value < 1:
            raise ModelError(f"--{name} is {value}: write a number from 0 to below 1")
    if options.clips < 1:
        raise ModelError(f"--clips is {options.clips}: write 1 or more")
    if options.out.exists() and not options.force:
        raise ModelError(f"{options.out} is there already: give --force to replace it, or another --out")


def note(text: str) -> None:
    print(f"model: {text}", file=sys.stderr, flush=True)
