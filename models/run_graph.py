"""Runs a built graph the plain way: one clip, greedy, the full 30 s of audio context, nothing merged or cut."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from hash_file import hash_file
from manifest import Manifest
from weights import ModelError

SAMPLES = 480_000  # 30 s at 16 kHz
NEVER = -1e9  # as layers/whisper/masks.ts


def prompt_of(manifest: Manifest, language: str, timestamps: bool) -> list[int]:
    """The tokens before the first new one; without timestamps they end with <|notimestamps|>."""
    tokens = manifest.tokens
    task = [manifest.languages[language], tokens.transcribe] if manifest.languages else []
    return [tokens.start_of_transcript, *task, *([] if timestamps else [tokens.no_timestamps])]


def forbidden(manifest: Manifest, timestamps: bool) -> list[int]:
    """Tokens that may never be chosen: the suppress list, special tokens, and timestamps where they are off."""
    tokens, vocabulary = manifest.tokens, manifest.dimensions.vocabulary
    special = range(tokens.end_of_text + 1, tokens.timestamp_begin if timestamps else vocabulary)
    return sorted(set(manifest.suppress) - {tokens.end_of_text} | set(special))


def token_limit(manifest: Manifest) -> int:
    """New tokens of one clip, end token included: half of the text context, as openai/whisper's sample_len."""
    return manifest.dimensions.text_context // 2


class Graph:
    """An open session on a model's folder."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 0) -> None:
        """`threads` of the processor; 0 leaves them to onnxruntime."""
        import onnxruntime

        providers = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
        provider = providers[manifest.graph.target]
        if provider not in onnxruntime.get_available_providers():
            raise ModelError(f"{manifest.id} is a graph for {manifest.graph.target}, and onnxruntime has no {provider} here: "
                             "verify it on a machine with a GPU and the package onnxruntime-gpu")
        if manifest.graph.target == "cuda":
            onnxruntime.preload_dlls(cudnn=False)  # of NVIDIA's packages, where they are installed; the graph needs no cuDNN
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 3, threads
        try:
            self.session = onnxruntime.InferenceSession(str(folder / manifest.graph.file), options, providers=[provider])
        except Exception as error:  # onnxruntime's errors have no common class
            first_line = str(error).strip().splitlines()[0]
            raise ModelError(f"onnxruntime cannot open {folder / manifest.graph.file} ({first_line}): build it again") from error
        if provider not in self.session.get_providers():  # it goes on without one that it cannot load
            raise ModelError(f"{manifest.id} is a graph for {manifest.graph.target}, and onnxruntime opened it on "
                             f"{self.session.get_providers()[0]} alone: see that CUDA's libraries are on the loader's path")
        self.takes_length = "lengths" in {each.name for each in self.session.get_inputs()}
        self.manifest = manifest

    def transcribe(self, audio: np.ndarray, prompt: list[int], timestamps: bool, kept: int | None = None, stride: int = 0) -> list[int]:
        """audio (480000,) float32 → new tokens, without the end token. A graph for CPU may encode only `kept` positions and,
        with a `stride`, merged silence after them; then audio may be shorter."""
        manifest, none = self.manifest, np.zeros(0, np.int64)
        masks = np.zeros((2, manifest.dimensions.vocabulary), np.float32)  # first step, all later ones
        masks[:, forbidden(manifest, timestamps)] = NEVER
        masks[0, manifest.suppress_at_begin] = NEVER
        feeds = dict(
            pcm=audio[None], prompt=np.array([prompt]), sot_index=np.array(0), max_new=np.array([token_limit(manifest)]),
            masks=masks, forced=none, probe_ids=none, temperature=np.zeros(1, np.float32), seed=np.array([0]),
            timestamps=np.array(timestamps), alignment_on=np.array(False))
        if self.takes_length:
            feeds |= dict(lengths=np.array([kept or manifest.dimensions.audio_context]), silence_stride=np.array(stride))
        else:
            feeds |= dict(audio_positions=np.array([manifest.dimensions.audio_context]))
        [tokens] = self.session.run(["tokens"], feeds)
        return [int(token) for token in tokens[0] if token != manifest.tokens.end_of_text]


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raises ModelError where a file of the model is not the one that its manifest describes."""
    for name, info in manifest.files.items():
        if not (folder / name).is_file():
            raise ModelError(f"{folder} has no {name}, which its manifest names: build the model again")
        if (found := hash_file(folder / name)) != info.sha256:
            raise ModelError(f"{folder / name} is not what its manifest says (expected sha256 {info.sha256}, found {found}): "
                             "build the model again")
