"""Trains weights further: what pruning, factoring or coarse precision took, training wins back.

  npm run model -- finetune SOURCE --data train.jsonl --out FOLDER [--teacher ORIGINAL] [--quantize int8] [--resume] …

With --teacher, the weights that SOURCE was made of, it learns their probabilities and hidden states, and clips need no text.
--quantize trains with the rounding of that build (quantisation-aware training): build FOLDER with the same precision and plan.
FOLDER is a Hugging Face folder, written whole or not at all; FOLDER.training keeps the checkpoint, progress.jsonl and
loss.svg. On several GPUs: torchrun --nproc-per-node 8 models/finetune.py …
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from build import load_source
from hash_file import hash_file
from plan import check_plan, read_plan
from training.losses import Objective
from training.options import add_options, read_parts
from training.student import layer_map
from training.train import Lesson, run_door
from weights import ModelError


def prepare(options: argparse.Namespace) -> Lesson:
    student = load_source(options.source, options.revision, options.licence)
    teacher = load_source(options.teacher, options.revision, options.licence) if options.teacher else None
    plan = None
    if options.plan:
        if not options.quantize:
            raise ModelError("--plan says how layers are rounded: give --quantize with the precision of the others")
        plan = read_plan(options.plan)
        check_plan(plan, student)
    maps = {}
    if teacher:
        own, other = student.dimensions, teacher.dimensions
        maps = {"encoder_map": layer_map(own.encoder_layers, other.encoder_layers),
                "decoder_map": layer_map(own.decoder_layers, other.decoder_layers)}
    figures = {"plan": hash_file(options.plan)} if plan else {}
    if teacher:
        figures["teacher"] = teacher.source.sha256
    return Lesson(
        "finetune", student, teacher,
        Objective(options.label_weight, options.teacher_weight, options.hidden_weight, options.temperature, **maps),
        figures, options.quantize, plan, read_parts(options.freeze))


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- finetune", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--revision", help="of a hub id, as source or as teacher")
    parser.add_argument("--teacher", help="the original that SOURCE was made of; it may have more layers")
    parser.add_argument("--quantize", choices=["int8", "int4"], help="learn to live with the rounding of this precision")
    parser.add_argument("--plan", type=Path, help="of mixed precision, as quantize.py writes it")
    add_options(parser, learning_rate=5e-5, hidden=0.5)
    return run_door(parser, prepare)


if __name__ == "__main__":
    sys.exit(main())
