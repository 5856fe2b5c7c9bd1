"""What a training changed, apart from all else: small enough to carry from the machine that trained to the one that builds."""
from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from edit_weights import with_step, with_tensors
from read_json_object import read_json_object
from safetensors_file import open_safetensors
from save_weights import save_weights, write_json, write_safetensors
from training_manifest import TRAINED_ON
from weights import ModelError, WhisperWeights

TENSORS, STEP = "trained.safetensors", "trained.json"


def write_trained(folder: Path, student: WhisperWeights, changed: dict[str, np.ndarray], step: str, figures: dict,
                  half: bool) -> None:
    """`changed`: the trained tensors of `student`. trained-on.txt is in `folder` already."""
    only = dataclasses.replace(student, tensors={name: (lambda array=array: array) for name, array in changed.items()})
    write_safetensors(only, folder / TENSORS, np.dtype(np.float16 if half else np.float32))
    write_json(folder / STEP, {"student": student.source.sha256, "step": step, "half": half, "figures": figures})


def with_trained(student: WhisperWeights, folder: Path) -> tuple[WhisperWeights, bool]:
    """`student` with what `write_trained` wrote, and whether it is in halves. Raises ModelError where it is of another."""
    for name in (TENSORS, STEP, TRAINED_ON):
        if not (folder / name).is_file():
            raise ModelError(f"{folder} has no {name}: give the FOLDER.training of a training that has ended")
    try:
        told = read_json_object(folder / STEP)
        source, step, half, figures = (told[name] for name in ("student", "step", "half", "figures"))
    except KeyError as error:
        raise ModelError(f"{folder / STEP} has no {error}: bring it anew") from error
    if source != student.source.sha256:
        raise ModelError(f"{folder} began with the weights {source[:12]}, not {student.source.sha256[:12]}: give the same source")
    tensors = open_safetensors(folder / TENSORS)
    for name, read in tensors.items():
        if not student.has(name) or read().shape != student.tensor(name).shape:
            raise ModelError(f"{folder / TENSORS} has a {name} that the student has not: give the same layers")
    trained = with_tensors(student, {name: read().astype(np.float32) for name, read in tensors.items()})
    return with_step(trained, step, **figures), half


def save_trained(student: WhisperWeights, folder: Path, out: Path, force: bool) -> None:
    """Writes `student` with what `folder` holds as the weights `out`."""
    weights, half = with_trained(student, folder)
    with tempfile.TemporaryDirectory() as beside:  # save_weights takes along what is beside the tokenizer
        tokenizer = Path(shutil.copy(student.tokenizer_path, beside))
        shutil.copy(folder / TRAINED_ON, beside)
        save_weights(dataclasses.replace(weights, tokenizer_path=tokenizer), out, half, force)
