"""The options that finetune.py and distil.py have in common."""
from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

from training.dataset import DataOptions
from training.losses import Objective
from training.loop import LoopOptions
from weights import ModelError

PARTS = {
    "embed": ("model.decoder.embed_",), "encoder": ("model.encoder.",), "convolutions": ("model.encoder.conv",),
    "decoder": ("model.decoder.layers.", "model.decoder.layer_norm"),
}


def add_options(parser: argparse.ArgumentParser, learning_rate: float, hidden: float) -> None:
    add = parser.add_argument
    add("--data", type=Path, help="training manifest: JSONL of {file, text?, seconds, sha256}")
    add("--out", type=Path, required=True, help="folder of the trained weights; FOLDER.training keeps the training's state")
    add("--resume", action="store_true", help="go on from the last checkpoint, if there is one")
    add("--force", action="store_true", help="replace the folder")
    add("--half", action="store_true", help="round the trained weights to float16 and store them so")
    add("--trained", type=Path, metavar="FOLDER.training", help="train nothing: take what the same training learnt elsewhere")
    data = DataOptions(Path())
    add("--validation", type=Path, help="a manifest of held-out clips; default: a share of --data")
    add("--held-out", type=float, default=data.held_out, help="that share; default: %(default)s")
    add("--labels", choices=["auto", "text", "teacher"], default=data.labels, help="auto: the text where there is one")
    add("--language", default=data.language, help="of the clips, for multilingual models; default: %(default)s")
    add("--full-context", action="store_true", help="30 s for each clip, as graphs for CUDA hear; default: merged silence, as on CPU")
    add("--limit", type=int, help="take only so many clips")
    add("--resident", action="store_true", help="keep all audio in memory: 115 MB an hour")
    add("--cache", type=Path, help="folder of labels, and of audio with --resident, for several trainings on the same clips")
    add("--only-labels", action="store_true", help="label what has no text, and train nothing")
    goal = Objective()
    add("--label-weight", type=float, default=goal.labels, help="of the cross-entropy; default: %(default)s")
    add("--teacher-weight", type=float, default=goal.teacher, help="of the KL divergence; default: %(default)s")
    add("--hidden-weight", type=float, default=hidden, help="of the hidden states' error; default: %(default)s")
    add("--temperature", type=float, default=goal.temperature, help="of the KL divergence; default: %(default)s")
    loop = LoopOptions()
    add("--steps", type=int, default=loop.steps, help="default: %(default)s")
    add("--seconds", type=float, default=loop.seconds, help="end after so many of training; the learning rate falls by the clock")
    add("--batch", type=int, default=loop.batch, help="clips at once on one device; default: %(default)s")
    add("--batch-seconds", type=float, default=loop.batch_seconds, help="of audio and padding at once on one device, at most")
    add("--augment", action="store_true", help="noise, rooms, narrow lines and level by chance, new at every step")
    add("--clips-per-step", type=int, default=loop.clips_per_step, help="over all devices, accumulated; default: %(default)s")
    add("--learning-rate", type=float, default=learning_rate, help="default: %(default)s")
    add("--warmup-steps", type=int, default=loop.warmup_steps, help="default: %(default)s")
    add("--weight-decay", type=float, default=loop.weight_decay, help="default: %(default)s")
    add("--seed", type=int, default=loop.seed)
    add("--precision", choices=["auto", "bf16", "fp16", "fp32"], default=loop.precision)
    add("--validate-every", type=int, default=loop.validate_every, help="steps; default: %(default)s")
    add("--checkpoint-every", type=int, default=loop.checkpoint_every, help="steps; default: %(default)s")
    add("--patience", type=int, default=loop.patience, help="end after so many validations without a better loss; 0: never")
    add("--stop-after-minutes", type=float, default=math.inf, help="write a checkpoint then, and exit with 3 for --resume")
    add("--freeze", default="", help=f"parts that stay as they are, with commas: {', '.join(PARTS)}")
    add("--device", choices=["cpu", "cuda"], help="default: cuda where there is one")
    add("--threads", type=int, default=os.cpu_count(), help="of the processor; default: %(default)s")
    add("--licence", help="of the weights, where the source does not say it")


def data_options(options: argparse.Namespace) -> DataOptions:
    return DataOptions(data=options.data, validation=options.validation, held_out=options.held_out, labels=options.labels,
                       language=options.language, whole=options.full_context, limit=options.limit, resident=options.resident,
                       cache=options.cache)


def loop_options(options: argparse.Namespace) -> LoopOptions:
    names = ("steps", "batch", "clips_per_step", "learning_rate", "warmup_steps", "weight_decay", "seed", "precision",
             "validate_every", "checkpoint_every", "patience", "stop_after_minutes", "seconds", "batch_seconds", "augment")
    return LoopOptions(**{name: getattr(options, name) for name in names})


def read_parts(text: str) -> tuple[str, ...]:
    parts = tuple(part for part in text.split(",") if part)
    for part in parts:
        if part not in PARTS:
            raise ModelError(f"--freeze {part!r}: give some of {', '.join(PARTS)}")
    return parts
