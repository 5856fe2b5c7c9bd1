"""Reads tensors of a .safetensors file one at a time, bfloat16 too, which numpy and so the safetensors package lack."""
from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from weights import ModelError

TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}


def open_safetensors(path: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Name → a call that reads it. Raises ModelError where the file is cut off or not safetensors."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(size - 8, 100_000_000):
            raise ModelError(f"{path.name} is no safetensors file, or it is cut off after {size} bytes: download it again")
        try:
            header = json.loads(file.read(length))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ModelError(f"{path.name} is no safetensors file ({error}): download it again") from error
    try:
        header.pop("__metadata__", None)
        base = 8 + length
        end = base + max((entry["data_offsets"][1] for entry in header.values()), default=0)
        for name, entry in header.items():
            check_size(path, name, entry)
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise ModelError(f"{path.name} has a header that cannot be read ({error}): download it again") from error
    if end > size:
        raise ModelError(f"{path.name} is cut off: {size} of {end} bytes are there; download it again")
    return {name: reader(path, base, name, entry) for name, entry in header.items()}


def check_size(path: Path, name: str, entry: dict) -> None:
    start, end = entry["data_offsets"]
    wanted = math.prod(entry["shape"]) * np.dtype(TYPES.get(entry["dtype"], np.uint8)).itemsize
    if entry["dtype"] in TYPES and end - start != wanted:
        raise ModelError(f"{path.name}: tensor {name} has {end - start} bytes, not the {wanted} of its shape: download it again")


def reader(path: Path, base: int, name: str, entry: dict) -> Callable[[], np.ndarray]:
    start, end = entry["data_offsets"]

    def read() -> np.ndarray:
        if entry["dtype"] not in TYPES:
            raise ModelError(f"tensor {name} is of type {entry['dtype']}: give weights in F32, F16 or BF16")
        with open(path, "rb") as file:
            file.seek(base + start)
            values = np.frombuffer(file.read(end - start), TYPES[entry["dtype"]])
        if entry["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return values.reshape(entry["shape"])

    return read
