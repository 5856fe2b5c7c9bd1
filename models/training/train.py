"""Trains a student beside its teacher, from options to a folder of weights."""
from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

from given_options import given_options
from hash_file import hash_file
from training.checkpoint import trained_parameters
from training.dataset import DataOptions, read_dataset
from training.fake_quantize import quantize_network
from training.loop import Loop, loop_identity
from training.losses import Objective
from training.network import Whisper
from training.options import PARTS, data_options, loop_options
from training.processes import Processes, join_processes, leave_processes
from training.trained import save_trained, write_trained
from training_manifest import add_trained_on
from weights import ModelError, WhisperWeights

UNFINISHED = 3  # exit code


@dataclass(frozen=True)
class Lesson:
    step: str  # name of the step of provenance
    student: WhisperWeights
    teacher: WhisperWeights | None
    objective: Objective
    figures: dict  # what the provenance says besides
    quantize: str | None = None
    plan: dict[str, str] | None = None
    freeze: tuple[str, ...] = ()


def run_door(parser: argparse.ArgumentParser, prepare: Callable[[argparse.Namespace], Lesson]) -> int:
    """What both doors do around a training; returns the exit code."""
    began = time.monotonic()
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS then adds in one order
    try:
        processes = join_processes(options.device)
        torch.set_num_threads(max(1, options.threads))
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False
        torch.set_float32_matmul_precision("high")
        torch.backends.cuda.enable_cudnn_sdp(False)  # it plans for a second at every new shape, and each step has one
        if options.out.exists() and not options.force:
            raise ModelError(f"{options.out} is there already: give --force to replace it, or another --out")
        lesson = prepare(options)
        if options.trained:
            save_trained(lesson.student, options.trained, options.out, options.force)
            print(options.out)
            return 0
        if not options.data:
            raise ModelError("there is nothing to learn from: give --data, a training manifest")
        given = given_options(lesson.step, parser, options) | {"data": hash_file(options.data)}
        return train(lesson, options, given, processes, began)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        leave_processes()


def train(lesson: Lesson, options: argparse.Namespace, given: dict, processes: Processes, began: float) -> int:
    """`given` is what the provenance says of the options."""
    work = options.out.with_name(options.out.name + ".training")
    student, teacher = Whisper(lesson.student).to(processes.device), None
    if lesson.teacher:
        check_pair(lesson.student, lesson.teacher)
        teacher = Whisper(lesson.teacher).to(processes.device).eval().requires_grad_(False)
    freeze(student, lesson.freeze)
    if lesson.quantize:
        quantize_network(student, lesson.quantize, lesson.plan)
    share = bool(teacher) and not lesson.quantize and same_encoder(student, teacher)
    data, loop = data_options(options), loop_options(options)
    note = (lambda text: print(text, file=sys.stderr, flush=True)) if processes.first else (lambda _: None)
    dataset = read_dataset(data, lesson.student, lesson.teacher, lambda: teacher, work, processes, note)
    note(f"{len(dataset.training)} clips to learn from ({sum(each.seconds for each in dataset.training) / 3600:.2f} h), "
         f"{len(dataset.held_out)} held out, {dataset.left_out} without a label; {trained_count(student):,} parameters to train"
         + ("; the encoder is the teacher's" if share else ""))
    if options.only_labels:
        return 0
    running = Loop(student, teacher, lesson.student, dataset, lesson.objective, loop, data.whole, share, work, processes)
    state, done = running.run(identity(lesson, data, loop, dataset.sha256), options.resume, began)
    if not done:
        note(f"stopped at step {state.step} of {loop.steps}: go on with --resume")
        return UNFINISHED
    if processes.first:
        figures = given | lesson.figures | {
            "trainedOn": dataset.sha256, "clips": len(dataset.training), "steps": state.step, "bestStep": state.best_step,
            **({"seconds": round(state.elapsed)} if math.isfinite(loop.seconds) else {}), **({"validationLoss": round(state.best_loss, 6)} if dataset.held_out else {})}
        add_trained_on(work, dataset.clips, lesson.student.tokenizer_path.parent)
        found, names = student.to_weights(lesson.student), trained_parameters(student)
        write_trained(work, lesson.student, {name: found.tensor(name) for name in names}, lesson.step, figures, options.half)
        save_trained(lesson.student, work, options.out, options.force)
        print(options.out)
    return 0


def check_pair(student: WhisperWeights, teacher: WhisperWeights) -> None:
    for name in ("vocabulary", "width"):
        own, other = getattr(student.dimensions, name), getattr(teacher.dimensions, name)
        if own != other:
            raise ModelError(f"the student's {name} is {own}, the teacher's {other}: give the student's own original as teacher")


def freeze(network: Whisper, parts: tuple[str, ...]) -> None:
    prefixes = tuple(prefix for part in parts for prefix in PARTS[part])
    for name, parameter in network.named_parameters():
        if prefixes and name.startswith(prefixes):
            parameter.requires_grad = False


def same_encoder(student: Whisper, teacher: Whisper) -> bool:
    """Whether the student's encoder is the teacher's, and stays so."""
    own, other = (dict(network.encoder.named_parameters()) for network in (student, teacher))
    return own.keys() == other.keys() and all(
        not own[name].requires_grad and torch.equal(own[name], other[name]) for name in own)


def trained_count(network: Whisper) -> int:
    return sum(value.numel() for value in network.parameters() if value.requires_grad)


def identity(lesson: Lesson, data: DataOptions, loop, manifest: str) -> dict:
    """What a checkpoint is a checkpoint of."""
    source = lesson.teacher.source.sha256 if lesson.teacher else None
    return {"step": lesson.step, "student": lesson.student.source.sha256, "teacher": source, "manifest": manifest,
            "objective": asdict(lesson.objective), "figures": lesson.figures, "quantize": lesson.quantize, "plan": lesson.plan,
            "freeze": sorted(lesson.freeze), "held out": data.held_out, "labels": data.labels, "limit": data.limit,
            "language": data.language, "full context": data.whole} | loop_identity(loop)
