"""What a student is to learn: the labels, the teacher's probabilities, the teacher's hidden states. Each is a sum, so that the
mean over a step is the same however the step is cut into batches and processes."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.example import IGNORED, Batch, Example
from training.network import Output, Whisper

LOSSES = ("labels", "teacher", "hidden")


@dataclass(frozen=True)
class Objective:
    """How much each loss counts. Without a teacher only the labels do."""

    labels: float = 1.0  # cross-entropy of the labels
    teacher: float = 0.8  # KL divergence from the teacher's probabilities, times temperature²
    hidden: float = 1.0  # relative squared error of the hidden states of layers in the maps
    temperature: float = 2.0
    encoder_map: tuple[tuple[int, int], ...] = ()  # (student's layer, teacher's layer)
    decoder_map: tuple[tuple[int, int], ...] = ()

    def counts(self, examples: list[Example]) -> dict[str, int]:
        """What each loss is the mean over: labels, tokens, clips."""
        return {"labels": sum(each.labels for each in examples), "teacher": sum(each.inputs for each in examples),
                "hidden": len(examples)}

    def weighted(self, sums: dict[str, Tensor | float], counts: dict[str, int]) -> Tensor | float:
        return sum(getattr(self, name) * value / counts[name] for name, value in sums.items())


def loss_sums(objective: Objective, batch: Batch, student: Output, teacher: Output | None) -> dict[str, Tensor]:
    """Both outputs have the logits of the tokens that are present, (n, vocabulary)."""
    labels = batch.labels[batch.present]
    sums = {"labels": functional.cross_entropy(student.logits, labels, ignore_index=IGNORED, reduction="sum")}
    if teacher is None:
        return sums
    sums["teacher"] = divergence(student.logits, teacher.logits, objective.temperature)
    pairs = []
    if student.encoder_states:  # none where both hear through one encoder
        pairs += [(student.encoder_states[to], teacher.encoder_states[of], batch.context.seen) for to, of in objective.encoder_map]
    pairs += [(student.decoder_states[to], teacher.decoder_states[of], batch.present) for to, of in objective.decoder_map]
    if pairs:
        sums["hidden"] = sum(hidden_error(*pair) for pair in pairs) / len(pairs)
    return sums


def divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Σ KL(teacher ‖ student) of the rows (n, vocabulary), at a temperature; times its square, so that gradients keep their size."""
    wanted, found = ((logits / temperature).log_softmax(-1) for logits in (teacher, student))
    return functional.kl_div(found, wanted, reduction="sum", log_target=True) * temperature**2


def hidden_error(student: Tensor, teacher: Tensor, seen: Tensor) -> Tensor:
    """Σ over clips of the squared error of the states (B, T, width) where `seen`, relative to the teacher's square."""
    student, teacher, seen = student.float(), teacher.float(), seen[..., None].float()
    return (((student - teacher).square() * seen).sum((1, 2)) / (teacher.square() * seen).sum((1, 2)).clamp(min=1e-6)).sum()


@torch.no_grad()
def ask_teacher(teacher: Whisper, batch: Batch) -> tuple[Output, Tensor]:
    """The teacher's output, and its encoding of the audio."""
    encoded, states = teacher.encoder(batch.pcm, batch.context)
    output = teacher(batch.pcm, batch.context, batch.tokens, batch.present, encoded)
    return output._replace(encoder_states=states), encoded
