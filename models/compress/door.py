"""What the commands that make weights smaller have in common: source and calibration clips in, a folder of weights out."""
from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from build import load_source
from compress.calibration import Passage, read_passages
from edit_weights import with_step
from hash_file import hash_file
from save_weights import save_weights
from weights import ModelError, WhisperWeights

CLIPS = 48  # about five minutes of short clips; more changed nothing on tiny.en


def door(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"npm run model -- {name}", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--data", type=Path, required=True, help='calibration clips: JSONL of {"file", …}')
    parser.add_argument("--clips", type=int, default=CLIPS, help=f"of them, the first so many; default: {CLIPS}")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new weights")
    parser.add_argument("--half", action="store_true", help="store float16")
    parser.add_argument("--revision", help="of a hub id")
    parser.add_argument("--licence", help="of the weights, where the source does not say it")
    parser.add_argument("--force", action="store_true", help="replace what is at --out")
    return parser


Change = Callable[[WhisperWeights, list[Passage], argparse.Namespace, Callable[[str], None]], tuple[WhisperWeights, dict]]


def run(parser: argparse.ArgumentParser, step: str, change: Change) -> int:
    """Calls `change`, saves its weights with its figures in their provenance, and returns the exit code."""
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` runs
    try:
        refuse_existing(options.out, options.force)
        weights = load_source(options.source, options.revision, options.licence)
        passages = read_passages(weights, options.data, options.clips, note)
        changed, figures = change(weights, passages, options, note)
        figures |= {"calibratedOn": hash_file(options.data), "clips": len(passages)}
        save_weights(with_step(changed, step, **figures), options.out, options.half, options.force)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print("  ".join([str(options.out), *(f"{name} {value}" for name, value in figures.items())]))
    return 0


def refuse_existing(path: Path, force: bool) -> None:
    """Before the work, not after it."""
    if path.exists() and not force:
        raise ModelError(f"{path} is there already: give --force to replace it, or another --out")


def note(text: str) -> None:
    print(f"model: {text}", file=sys.stderr, flush=True)
