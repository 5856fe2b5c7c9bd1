"""What a training changed, apart from all else: small enough to carry from the machine that trained to the one that builds."""
from __future__ import annotations

import dataclasses
import hashlib
import shutil
import tempfile
from pathlib import Path

import numpy as np

from edit_weights import with_step, with_tensors
from read_json_object import read_json_object
from safetensors_file import open_safetensors
from save_weights import save_weights, write_json, write_safetensors
from training_manifest import TRAINED_ON
from weights import Dimensions, ModelError, Provenance, Source, WhisperWeights

TENSORS, STEP = "trained.safetensors", "trained.json"


def write_trained(folder: Path, student: WhisperWeights, changed: dict[str, np.ndarray], step: str, figures: dict,
                  half: bool) -> None:
    """`changed`: the trained tensors of `student`. trained-on.txt is in `folder` already."""
    only = dataclasses.replace(student, tensors={name: (lambda array=array: array) for name, array in changed.items()})
    write_safetensors(only, folder / TENSORS, np.dtype(np.float16 if half else np.float32))
    kept = sorted(name for name in student.tensors if name not in changed and not name.startswith("proj_out"))
    provenance = student.provenance or Provenance(student.source)
    write_json(folder / STEP, {
        "step": step, "half": half, "figures": figures, "kept": kept, "keptSha256": hash_tensors(student, kept),
        "dimensions": dataclasses.asdict(student.dimensions), "alignmentHeads": [list(head) for head in student.alignment_heads],
        "provenance": dataclasses.asdict(provenance)})


def with_trained(source: WhisperWeights, folder: Path) -> tuple[WhisperWeights, bool]:
    """What `write_trained` wrote, with all else from `source`: the student as it was before, or what it was pruned or factored
    from, where training changed all that these had changed. And whether it is in halves. Raises ModelError where it is of
    another."""
    for name in (TENSORS, STEP, TRAINED_ON):
        if not (folder / name).is_file():
            raise ModelError(f"{folder} has no {name}: give the FOLDER.training of a training that has ended")
    try:
        told = read_json_object(folder / STEP)
        step, half, figures, kept, digest, heads = (told[name] for name in ("step", "half", "figures", "kept", "keptSha256", "alignmentHeads"))
        dimensions, before = Dimensions(**told["dimensions"]), told["provenance"]
        provenance = Provenance(Source(**before["origin"]), tuple(before["steps"]))
    except (KeyError, TypeError) as error:
        raise ModelError(f"{folder / STEP} is not what a training writes ({error}): bring it anew") from error
    if dimensions != source.dimensions:
        raise ModelError(f"{folder / TENSORS} is of {dimensions}, the source has {source.dimensions}: give the same layers")
    missing = [name for name in kept if not source.has(name)]
    if missing or hash_tensors(source, kept) != digest:
        raise ModelError(f"{folder} began with weights that have another {missing[0] if missing else 'value'} in what training left as it "
                         f"was, not with {source.source.name}: give the same source")
    trained = {name: read().astype(np.float32) for name, read in open_safetensors(folder / TENSORS).items()}
    removed = [name for name in source.tensors if name not in kept and name not in trained]
    weights = with_tensors(source, trained, removed, dimensions, [tuple(head) for head in heads])
    return with_step(dataclasses.replace(weights, provenance=provenance), step, **figures), half


def hash_tensors(weights: WhisperWeights, names: list[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + np.ascontiguousarray(weights.tensor(name), "<f4").tobytes())
    return digest.hexdigest()


def save_trained(student: WhisperWeights, folder: Path, out: Path, force: bool) -> None:
    """Writes `student` with what `folder` holds as the weights `out`."""
    weights, half = with_trained(student, folder)
    with tempfile.TemporaryDirectory() as beside:  # save_weights takes along what is beside the tokenizer
        tokenizer = Path(shutil.copy(student.tokenizer_path, beside))
        shutil.copy(folder / TRAINED_ON, beside)
        save_weights(dataclasses.replace(weights, tokenizer_path=tokenizer), out, half, force)
