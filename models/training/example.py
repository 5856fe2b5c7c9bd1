"""One clip to learn from, and batches of them."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from run_graph import prompt_of
from training.context import Context
from training.hear import Resident, hear
from weights import WhisperWeights

IGNORED = -100  # no label


@dataclass(frozen=True)
class Example:
    path: Path
    seconds: float
    tokens: list[int]  # prompt, text, end token
    prompt_length: int

    @property
    def labels(self) -> int:
        """Tokens that are to be learnt: the text and its end."""
        return len(self.tokens) - self.prompt_length

    @property
    def inputs(self) -> int:
        return len(self.tokens) - 1


@dataclass(frozen=True)
class Batch:
    pcm: Tensor  # (B, L · 320)
    context: Context
    tokens: Tensor  # int64 (B, S)
    labels: Tensor  # int64 (B, S): what follows each token; IGNORED inside the prompt and after the end
    present: Tensor  # bool (B, S): not padding
    samples: Tensor  # int64 (B): of each clip

    def to(self, device: torch.device) -> Batch:
        to = lambda value: value.to(device, non_blocking=True)
        return Batch(to(self.pcm), self.context.to(device), to(self.tokens), to(self.labels), to(self.present), to(self.samples))


def make_example(path: Path, seconds: float, text: list[int], timed: bool, language: str, weights: WhisperWeights) -> Example:
    """`text` with timestamps, if it is `timed`, and without the end token."""
    prompt = prompt_of(weights, language, timed)
    return Example(path, seconds, [*prompt, *text, weights.tokens.end_of_text], len(prompt))


def make_batch(examples: list[Example], weights: WhisperWeights, whole: bool, resident: Resident | None = None,
               device: torch.device = torch.device("cpu")) -> Batch:
    """The clips, padded to the longest. `whole` gives each 30 s. With `resident`, the audio is on `device` already."""
    pcm, context, samples = hear([example.path for example in examples], weights.dimensions.audio_context, whole, resident, device)
    longest = max(example.inputs for example in examples)
    tokens = torch.full((len(examples), longest), weights.tokens.end_of_text)
    labels = torch.full_like(tokens, IGNORED)
    present = torch.zeros_like(tokens, dtype=torch.bool)
    for row, example in enumerate(examples):
        sequence = torch.tensor(example.tokens)
        tokens[row, : example.inputs], present[row, : example.inputs] = sequence[:-1], True
        labels[row, example.prompt_length - 1 : example.inputs] = sequence[example.prompt_length :]
    return Batch(pcm, context, tokens, labels, present, samples)
