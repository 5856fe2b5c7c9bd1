"""Finds out how sensitive each part of a model is to rounding, and writes the plan of precisions that loses least for its size.

  npm run model -- quantize SOURCE --data CLIPS.jsonl --out PLAN.json (--megabytes 36 | --divergence 0.02)
  npm run model -- build SOURCE --plan PLAN.json

SOURCE as for build. CLIPS is a JSONL of {"file", …}: a minute or two of speech, no text needed, and nothing that models are
evaluated on. Parts (each attention, each feed-forward, the convolutions, the token embedding) are rounded one at a time, by the
kernels that the build will use; the loss is the divergence of the next token's probabilities from fp32's.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from compress.calibration import calibration_clips
from compress.choose_precisions import choose_precisions
from compress.door import check, door, note, read
from compress.sensitivity import find_parts, measure
from graph import build_graph
from stopping import stopping
from training_manifest import calibrated_on, trained_on
from weights import ModelError


def main() -> int:
    parser = door("quantize", __doc__, "file of the plan", clips=16)
    limit = parser.add_mutually_exclusive_group(required=True)
    limit.add_argument("--megabytes", type=float, help="that model.onnx may have")
    limit.add_argument("--divergence", type=float, help="that the plan may cost, in nats a token, summed over the parts")
    parser.add_argument("--report", type=Path, help="write what each part costs to this JSON file")
    return stopping(parser, write_plan)


def write_plan(options: argparse.Namespace) -> str:
    check(options)
    for name in ("megabytes", "divergence"):
        if getattr(options, name) is not None and not getattr(options, name) > 0:
            raise ModelError(f"--{name} is {getattr(options, name)}: write a number above 0")
    weights, passages = read(options)
    parts = find_parts(weights)
    smallest = {part.pattern: min(part.bytes, key=part.bytes.get) for part in parts}
    rest = stored(weights, smallest) - sum(min(part.bytes.values()) for part in parts)
    limit = None if options.megabytes is None else int(options.megabytes * 1e6) - rest
    choose_precisions(parts, [], limit)  # refuses before the work what cannot be
    costs = measure(weights, passages, parts, note)
    choice = choose_precisions(parts, costs, limit, options.divergence)
    calibrated_on(options.out).write_text(trained_on(calibration_clips(weights, options.data, options.clips)), "utf8")
    write_json(options.out, choice.plan)
    if options.report:
        write_json(options.report, {
            "megabytes": (choice.bytes + rest) / 1e6, "divergence": choice.divergence, "clips": len(passages),
            "parts": [{"part": each.part.pattern, "precision": each.precision, "bytes": each.part.bytes[each.precision],
                       "divergence": each.divergence, "tokenErrorPercent": each.token_error_percent} for each in costs]})
    counts = ", ".join(f"{list(choice.plan.values()).count(each)} {each}" for each in ("int4", "int8", "fp16"))
    return f"{options.out}  {(choice.bytes + rest) / 1e6:.1f} MB  divergence {choice.divergence:.3g}  parts: {counts}"


def stored(weights, plan: dict[str, str]) -> int:
    """Bytes of model.onnx."""
    graph, arrays = build_graph(weights, "int8", "cpu", plan)
    return graph.ByteSize() + sum(array.nbytes for array in arrays.values())


def write_json(path: Path, value: dict) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=2) + "\n", "utf8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
