"""Whisper as others run it, on the weights that a graph was built from: CTranslate2 or transformers, float32 and greedy.

Both are given log-mel, prompt and suppress lists; neither sees a line of graph*.py.
"""
from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from manifest import Manifest
from run_graph import forbidden, token_limit
from weights import ModelError

FIRST_TIMESTAMP_LIMIT = 50  # × 20 ms: openai/whisper's max_initial_timestamp of 1 s


class Reference(Protocol):
    name: str  # with its version, for the manifest

    def transcribe(self, audio: np.ndarray, prompt: list[int], timestamps: bool) -> list[int]:
        """audio (480000,) float32 → new tokens, without the end token."""


def open_reference(folder: Path, manifest: Manifest) -> Reference:
    """The reference for the format that the weights are in."""
    return (CTranslate2 if manifest.source.kind == "ctranslate2" else Transformers)(folder, manifest)


def log_mel(audio: np.ndarray, mels: int) -> np.ndarray:
    """(samples,) → (1, mels, frames): padded as audio, as openai/whisper does, not as features, as faster-whisper does."""
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor(feature_size=mels)(audio, padding=0)[None].astype(np.float32)


class CTranslate2:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        import ctranslate2

        try:
            self.model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32")
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"CTranslate2 cannot open {folder.name} ({error}): give the whole folder of the conversion") from error
        self.features, self.manifest = ctranslate2.StorageView.from_array, manifest
        self.name = f"ctranslate2 {ctranslate2.__version__} float32, greedy"

    def transcribe(self, audio: np.ndarray, prompt: list[int], timestamps: bool) -> list[int]:
        sizes, limit = self.manifest.dimensions, token_limit(self.manifest)
        [result] = self.model.generate(
            self.features(log_mel(audio, sizes.mels)), [prompt], beam_size=1, sampling_topk=1,
            max_length=sizes.text_context, suppress_blank=True, suppress_tokens=forbidden(self.manifest, timestamps),
            max_initial_timestamp_index=FIRST_TIMESTAMP_LIMIT)
        return result.sequences_ids[0][:limit]


class Transformers:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise ModelError(
                f"weights of the kind huggingface are verified with transformers, and {error.name} is not installed: run "
                '"$(npm run --silent model -- python)" -m pip install torch transformers') from error
        self.model = transformers.WhisperForConditionalGeneration.from_pretrained(
            str(folder), dtype=torch.float32, attn_implementation="eager").eval()
        self.torch, self.manifest = torch, manifest
        self.name = f"transformers {transformers.__version__} float32, greedy"

    def rules(self, prompt: list[int], timestamps: bool) -> list:
        from transformers import GenerationConfig
        from transformers.generation import logits_process as rules

        tokens = self.manifest.tokens
        chain = [rules.SuppressTokensLogitsProcessor(forbidden(self.manifest, timestamps)),
                 rules.SuppressTokensAtBeginLogitsProcessor(self.manifest.suppress_at_begin, len(prompt))]
        if timestamps:
            config = GenerationConfig(eos_token_id=tokens.end_of_text, max_initial_timestamp_index=FIRST_TIMESTAMP_LIMIT)
            config.no_timestamps_token_id = tokens.no_timestamps
            chain.append(rules.WhisperTimeStampLogitsProcessor(config, begin_index=len(prompt)))
        return chain

    def transcribe(self, audio: np.ndarray, prompt: list[int], timestamps: bool) -> list[int]:
        torch, chain, end = self.torch, self.rules(prompt, timestamps), self.manifest.tokens.end_of_text
        ids, cache = torch.tensor([prompt]), None
        with torch.inference_mode():
            mel = torch.from_numpy(log_mel(audio, self.manifest.dimensions.mels))  # (1, mels, 3000)
            encoded = self.model.model.encoder(mel)
            for _ in range(token_limit(self.manifest)):
                step = self.model(encoder_outputs=encoded, past_key_values=cache, use_cache=True,
                                  decoder_input_ids=ids if cache is None else ids[:, -1:])
                cache, scores = step.past_key_values, step.logits[:, -1]  # (1, vocabulary)
                for rule in chain:
                    scores = rule(ids, scores)
                token = scores.argmax(-1, keepdim=True)
                if token.item() == end:
                    break
                ids = torch.cat([ids, token], 1)
        return ids[0, len(prompt):].tolist()
