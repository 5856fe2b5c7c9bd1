"""Writes weights as a Hugging Face folder, which load_huggingface reads back: the format between all steps.

Layers that were pruned or factored keep their own shapes: then transformers cannot open the folder, all else here can.
"""
from __future__ import annotations

import dataclasses
import json
import shutil
import struct
from pathlib import Path

import numpy as np

from training_manifest import TRAINED_ON
from weights import Provenance, WhisperWeights
from whole_folder import whole_folder

PROVENANCE = "provenance.json"


def save_weights(weights: WhisperWeights, folder: Path, half: bool = False, force: bool = False) -> None:
    """Writes `folder` whole or not at all; the same weights make the same bytes. `half` stores float16. Raises ModelError
    where the folder is there already, unless `force`."""
    with whole_folder(folder, force) as new:
        write_safetensors(weights, new / "model.safetensors", np.dtype(np.float16 if half else np.float32))
        write_json(new / "config.json", config(weights))
        write_json(new / "generation_config.json", generation_config(weights))
        shutil.copyfile(weights.tokenizer_path, new / "tokenizer.json")
        trained_on = weights.tokenizer_path.with_name(TRAINED_ON)
        if trained_on.is_file():  # what the weights before were trained on, these were too
            shutil.copyfile(trained_on, new / TRAINED_ON)
        provenance = weights.provenance or Provenance(weights.source)
        write_json(new / PROVENANCE, dataclasses.asdict(provenance))


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf8")


def write_safetensors(weights: WhisperWeights, path: Path, dtype: np.dtype) -> None:
    """One tensor at a time: a large model is read twice and never held."""
    names, header, place = sorted(weights.tensors), {"__metadata__": {"format": "pt"}}, 0
    for name in names:
        shape = weights.tensor(name).shape
        end = place + int(np.prod(shape)) * dtype.itemsize
        header[name] = {"dtype": f"F{8 * dtype.itemsize}", "shape": list(shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors are aligned to 8 bytes
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            np.ascontiguousarray(weights.tensor(name), dtype).tofile(file)


def config(weights: WhisperWeights) -> dict:
    sizes, tokens = weights.dimensions, weights.tokens

    def hidden(part: str, layers: int) -> int:
        """Of the widest layer: pruned ones are narrower, each as its tensors say."""
        return max(len(weights.tensor(f"model.{part}.layers.{index}.fc1.bias")) for index in range(layers))

    return {
        "model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"], "d_model": sizes.width,
        "num_mel_bins": sizes.mels, "max_source_positions": sizes.audio_context, "max_target_positions": sizes.text_context,
        "encoder_layers": sizes.encoder_layers, "encoder_attention_heads": sizes.encoder_heads,
        "encoder_ffn_dim": hidden("encoder", sizes.encoder_layers),
        "decoder_layers": sizes.decoder_layers, "decoder_attention_heads": sizes.decoder_heads,
        "decoder_ffn_dim": hidden("decoder", sizes.decoder_layers), "vocab_size": sizes.vocabulary,
        "pad_token_id": tokens.end_of_text, "bos_token_id": tokens.end_of_text, "eos_token_id": tokens.end_of_text,
        "decoder_start_token_id": tokens.start_of_transcript, "is_encoder_decoder": True, "scale_embedding": False,
        "activation_function": "gelu",
    }


def generation_config(weights: WhisperWeights) -> dict:
    tokens = weights.tokens
    values = {
        "alignment_heads": [list(head) for head in weights.alignment_heads], "suppress_tokens": weights.suppress,
        "begin_suppress_tokens": weights.suppress_at_begin, "pad_token_id": tokens.end_of_text,
        "bos_token_id": tokens.end_of_text, "eos_token_id": tokens.end_of_text,
        "decoder_start_token_id": tokens.start_of_transcript, "no_timestamps_token_id": tokens.no_timestamps,
        "prev_sot_token_id": tokens.start_of_previous, "max_length": weights.dimensions.text_context,
        "max_initial_timestamp_index": 50, "is_multilingual": bool(weights.languages),
    }
    if weights.languages:
        values["lang_to_id"] = {f"<|{code}|>": token for code, token in weights.languages.items()}
        values["task_to_id"] = {"translate": tokens.translate, "transcribe": tokens.transcribe}
    return values
