"""What a source of Whisper weights gives to the graph, whatever format it came in."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np


class ModelError(Exception):
    """A source, file or option that cannot be used; the message says what, the value, and what to do."""


@dataclass(frozen=True)
class Dimensions:
    mels: int
    audio_context: int
    text_context: int
    width: int
    encoder_layers: int
    encoder_heads: int
    decoder_layers: int
    decoder_heads: int
    vocabulary: int


@dataclass(frozen=True)
class Tokens:
    end_of_text: int
    start_of_transcript: int
    translate: int
    transcribe: int
    start_of_previous: int
    no_speech: int
    no_timestamps: int
    timestamp_begin: int


@dataclass(frozen=True)
class Source:
    kind: str  # "huggingface" or "ctranslate2"
    name: str  # hub id, package or folder name; never a path of this machine
    sha256: str  # of the weights file; of the shards' hashes in order where there are several
    licence: str


@dataclass(frozen=True)
class Provenance:
    """How weights came to be that are no longer those of their origin; provenance.json beside them."""

    origin: Source
    steps: tuple[dict, ...] = ()  # {"step": "prune", …its options and figures}, as JSON has them


@dataclass(frozen=True)
class WhisperWeights:
    source: Source
    dimensions: Dimensions
    tokens: Tokens
    languages: dict[str, int]  # code → token; empty for an English-only model
    suppress: list[int]
    suppress_at_begin: list[int]
    alignment_heads: list[tuple[int, int]]  # (decoder layer, head), sorted
    tokenizer_path: Path
    tensors: Mapping[str, Callable[[], np.ndarray]]  # Hugging Face names → a call that reads the tensor
    provenance: Provenance | None = None  # None: as they were published

    def has(self, name: str) -> bool:
        return name in self.tensors

    def tensor(self, name: str) -> np.ndarray:
        """Reads one tensor as float32."""
        if name not in self.tensors:
            raise ModelError(f"{self.source.name} has no tensor {name}: it is not a whole Whisper model")
        return self.tensors[name]().astype(np.float32)


def check_tensors(weights: WhisperWeights) -> WhisperWeights:
    """Refuses weights whose tensors do not fit their dimensions, before anything is built from them."""
    sizes = weights.dimensions
    expected = {
        "model.encoder.conv1.weight": (sizes.width, sizes.mels, 3),
        "model.encoder.conv2.weight": (sizes.width, sizes.width, 3),
        "model.encoder.embed_positions.weight": (sizes.audio_context, sizes.width),
        "model.decoder.embed_positions.weight": (sizes.text_context, sizes.width),
        "model.decoder.embed_tokens.weight": (sizes.vocabulary, sizes.width),
        f"model.encoder.layers.{sizes.encoder_layers - 1}.fc2.bias": (sizes.width,),
        f"model.decoder.layers.{sizes.decoder_layers - 1}.fc2.bias": (sizes.width,),
    }
    for name, shape in expected.items():
        found = weights.tensor(name).shape
        if found != shape:
            raise ModelError(f"{weights.source.name}: tensor {name} has shape {found}, its config says {shape}")
    return weights


def count_parameters(weights: WhisperWeights) -> int:
    """Numbers in all tensors; the logits' matrix is the token embedding, and counts once."""
    return sum(weights.tensor(name).size for name in weights.tensors if not name.startswith("proj_out"))
