"""Reads a CTranslate2 Whisper folder, as faster-whisper users have: model.bin, config.json, tokenizer.json."""
from __future__ import annotations

import math
import re
import struct
from pathlib import Path

import numpy as np

from hash_file import hash_file
from read_json_object import read_json_object
from special_tokens import find_languages, find_tokens, read_special_tokens
from weights import Dimensions, ModelError, Source, WhisperWeights, check_tensors

TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
BFLOAT16 = 5
HEAD_SIZE = 64  # of every Whisper


def load_ctranslate2(folder: Path, name: str, licence: str) -> WhisperWeights:
    variables = read_variables(folder / "model.bin")
    if "decoder/embeddings/weight" not in variables or "encoder/conv1/weight" not in variables:
        raise ModelError(f"{name}: model.bin is not a Whisper: give a CTranslate2 conversion of a Whisper model")
    added = read_special_tokens(folder / "tokenizer.json")
    config = read_json_object(folder / "config.json")
    try:
        tensors = to_hugging_face(variables)
    except KeyError as error:
        raise ModelError(f"{name}: model.bin has no variable {error}: it is not a whole Whisper model") from error
    vocabulary, width = variables["decoder/embeddings/weight"].shape
    tokens = find_tokens(added, name)
    dimensions = Dimensions(
        mels=variables["encoder/conv1/weight"].shape[1], width=width, vocabulary=vocabulary,
        audio_context=len(variables["encoder/position_encodings/encodings"]),
        text_context=len(variables["decoder/position_encodings/encodings"]),
        encoder_layers=count_layers(variables, "encoder"), encoder_heads=width // HEAD_SIZE,
        decoder_layers=count_layers(variables, "decoder"), decoder_heads=width // HEAD_SIZE)
    return check_tensors(WhisperWeights(
        source=Source("ctranslate2", name, hash_file(folder / "model.bin"), licence), dimensions=dimensions,
        tokens=tokens, languages=find_languages(added, tokens, vocabulary),
        suppress=sorted(token for token in config.get("suppress_ids", []) if token >= 0),
        suppress_at_begin=sorted(config.get("suppress_ids_begin", [])),
        alignment_heads=sorted((layer, head) for layer, head in config.get("alignment_heads", [])),
        tokenizer_path=folder / "tokenizer.json",
        tensors={key: (lambda array=array: np.asarray(array)) for key, array in tensors.items()}))


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """The variables of model.bin, memory mapped; int8 weights are multiplied out. The format: CTranslate2's
    docs/conversion.md and python/ctranslate2/specs/model_spec.py."""
    if not path.is_file():
        raise ModelError(f"{path.parent.name} has no {path.name}: give a whole CTranslate2 folder")
    file_bytes = path.stat().st_size
    data = memoryview(np.memmap(path, np.uint8, "r") if file_bytes else b"")  # an empty file cannot be mapped
    place = 0

    def take(size: int) -> memoryview:
        nonlocal place
        place += size
        if place > file_bytes:
            raise ModelError(f"{path.name} is cut off: it has {file_bytes} bytes and goes on; download it again")
        return data[place - size : place]

    def number(form: str) -> int:
        return struct.unpack("<" + form, take(struct.calcsize(form)))[0]

    def text() -> str:
        return bytes(take(number("H")))[:-1].decode("utf8", "replace")

    version, spec, _revision = number("I"), text(), number("I")
    if spec != "WhisperSpec":
        raise ModelError(f"{path.name} holds {spec or 'something'} (format {version}), not a WhisperSpec: give a Whisper model")
    raw = {}
    for _ in range(number("I")):
        name, rank = text(), number("B")
        shape = [number("I") for _ in range(rank)]
        kind = number("B")
        raw[name] = decode(take(number("I")), kind, shape, name)
    for _ in range(number("I")):
        alias, target = text(), text()
        if target not in raw:
            raise ModelError(f"{path.name}: {alias} stands for {target}, which is not there: convert the model again")
        raw[alias] = raw[target]
    return {name: dequantize(raw, name) for name in raw if not name.endswith("_scale")}


def decode(data: memoryview, kind: int, shape: list[int], name: str) -> np.ndarray:
    if kind != BFLOAT16 and kind not in TYPES:
        raise ModelError(f"variable {name} has the unknown type {kind}: convert the model again with --quantization float16")
    item_bytes = np.dtype(TYPES.get(kind, np.uint16)).itemsize
    if len(data) != math.prod(shape) * item_bytes:
        raise ModelError(f"variable {name} has {len(data)} bytes, not the {math.prod(shape) * item_bytes} of its shape: "
                         "convert the model again")
    if kind == BFLOAT16:
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return np.frombuffer(data, TYPES[kind]).reshape(shape)


def dequantize(raw: dict[str, np.ndarray], name: str) -> np.ndarray:
    scale = raw.get(name + "_scale")
    if scale is None:
        return raw[name]
    return raw[name].astype(np.float32) / scale.reshape(-1, *[1] * (raw[name].ndim - 1) if scale.ndim else [1])


def count_layers(variables: dict[str, np.ndarray], part: str) -> int:
    return sum(1 for name in variables if re.fullmatch(part + r"/layer_\d+/ffn/linear_0/weight", name))


def to_hugging_face(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """CTranslate2's variables under the names that Hugging Face gives to the same tensors."""
    tensors: dict[str, np.ndarray] = {}

    def linear(target: str, source: str, rows: slice = slice(None), bias: bool = True) -> None:
        tensors[target + ".weight"] = variables[source + "/weight"][rows]
        if bias:
            tensors[target + ".bias"] = variables[source + "/bias"][rows]

    def norm(target: str, source: str) -> None:
        tensors[target + ".weight"], tensors[target + ".bias"] = variables[source + "/gamma"], variables[source + "/beta"]

    def split(target: str, source: str, names: str) -> None:
        size = len(variables[source + "/weight"]) // len(names)
        for index, letter in enumerate(names):  # Whisper's keys have no bias
            linear(f"{target}.{letter}_proj", source, slice(index * size, (index + 1) * size), bias=letter != "k")

    for part in ("encoder", "decoder"):
        for index in range(count_layers(variables, part)):
            source, target = f"{part}/layer_{index}/", f"model.{part}.layers.{index}."
            norm(target + "self_attn_layer_norm", source + "self_attention/layer_norm")
            split(target + "self_attn", source + "self_attention/linear_0", "qkv")
            linear(target + "self_attn.out_proj", source + "self_attention/linear_1")
            if part == "decoder":
                norm(target + "encoder_attn_layer_norm", source + "attention/layer_norm")
                linear(target + "encoder_attn.q_proj", source + "attention/linear_0")
                split(target + "encoder_attn", source + "attention/linear_1", "kv")
                linear(target + "encoder_attn.out_proj", source + "attention/linear_2")
            norm(target + "final_layer_norm", source + "ffn/layer_norm")
            linear(target + "fc1", source + "ffn/linear_0")
            linear(target + "fc2", source + "ffn/linear_1")
        norm(f"model.{part}.layer_norm", f"{part}/layer_norm")
        tensors[f"model.{part}.embed_positions.weight"] = variables[f"{part}/position_encodings/encodings"]
    for name in ("conv1", "conv2"):
        linear(f"model.encoder.{name}", f"encoder/{name}")
    tensors["model.decoder.embed_tokens.weight"] = variables["decoder/embeddings/weight"]
    return tensors
