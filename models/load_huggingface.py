"""Reads a Hugging Face Whisper: a folder, or a hub id that is downloaded. safetensors, whole or in shards."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hash_file import hash_file
from read_json_object import read_json_object
from safetensors_file import open_safetensors
from special_tokens import find_languages, find_tokens, read_special_tokens
from weights import Dimensions, ModelError, Provenance, Source, WhisperWeights, check_tensors

WANTED = ["*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", "tokenizer.json"]


def download(hub_id: str, revision: str | None) -> tuple[Path, str]:
    """Fetches what a build needs of a hub repository; returns its folder and its licence."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        folder = Path(snapshot_download(hub_id, revision=revision, allow_patterns=WANTED))
        card = HfApi().model_info(hub_id, revision=revision).card_data
        return folder, str(card.license) if card and card.license else "unknown"
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise ModelError(f"cannot get {hub_id} from the hub ({first_line}): check its name and the network, or give a folder") from error


def load_huggingface(folder: Path, name: str, licence: str) -> WhisperWeights:
    provenance = read_provenance(folder / "provenance.json")
    if provenance and licence == "unknown":
        licence = provenance.origin.licence
    config = read_json_object(folder / "config.json")
    if config.get("model_type") != "whisper":
        raise ModelError(f"{name} is a {config.get('model_type', 'model of no type')}, not a whisper: give a Whisper model")
    generation_path = folder / "generation_config.json"
    generation = read_json_object(generation_path) if generation_path.is_file() else config
    added = read_special_tokens(folder / "tokenizer.json")
    tensors, sha256 = open_weights(folder)
    tokens = find_tokens(added, name)
    try:
        dimensions = Dimensions(
            mels=config["num_mel_bins"], audio_context=config["max_source_positions"],
            text_context=config["max_target_positions"], width=config["d_model"],
            encoder_layers=config["encoder_layers"], encoder_heads=config["encoder_attention_heads"],
            decoder_layers=config["decoder_layers"], decoder_heads=config["decoder_attention_heads"],
            vocabulary=config["vocab_size"])
    except KeyError as error:
        raise ModelError(f"config.json of {name} has no {error}: it is not a whole Whisper config") from error
    return check_tensors(WhisperWeights(
        source=Source("huggingface", name, sha256, licence), dimensions=dimensions, tokens=tokens,
        languages=find_languages(added, tokens, dimensions.vocabulary),
        suppress=sorted(token for token in generation.get("suppress_tokens") or [] if token >= 0),
        suppress_at_begin=sorted(generation.get("begin_suppress_tokens") or []),
        alignment_heads=sorted((layer, head) for layer, head in generation.get("alignment_heads") or []),
        tokenizer_path=folder / "tokenizer.json", tensors=tensors, provenance=provenance))


def read_provenance(path: Path) -> Provenance | None:
    """What save_weights wrote beside weights that it made; None for others."""
    if not path.is_file():
        return None
    value = read_json_object(path)
    try:
        return Provenance(Source(**value["origin"]), tuple(dict(step) for step in value["steps"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path.name} cannot be read ({error}): make the folder again") from error


def open_weights(folder: Path) -> tuple[dict[str, Callable[[], np.ndarray]], str]:
    """Tensors under their `model.…` names, and the sha256 of the weights: of the shards' hashes where there are several."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file():
        shards = [whole]
    elif index.is_file():
        names = read_json_object(index).get("weight_map")
        if not isinstance(names, dict) or not names:
            raise ModelError(f"{index.name} has no weight_map: download it again")
        shards = [folder / name for name in sorted(set(names.values()))]
    else:
        raise ModelError(f"{folder.name} has no model.safetensors: convert the weights to safetensors first")
    tensors: dict[str, Callable[[], np.ndarray]] = {}
    for shard in shards:
        if not shard.is_file():
            raise ModelError(f"{folder.name} has no {shard.name}, which its index names: download it again")
        tensors |= open_safetensors(shard)
    named = {name if name.startswith(("model.", "proj_out")) else "model." + name: read for name, read in tensors.items()}
    hashes = [hash_file(shard) for shard in shards]
    return named, hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
