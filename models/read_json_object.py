"""Reads a JSON file of a source that must hold an object."""
from __future__ import annotations

import json
from pathlib import Path

from weights import ModelError


def read_json_object(path: Path) -> dict:
    """Raises ModelError where the file is missing, broken or holds something else."""
    if not path.is_file():
        raise ModelError(f"{path.parent.name} has no {path.name}: give the whole folder of a Whisper model")
    try:
        value = json.loads(path.read_text("utf8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path.name} is not JSON ({error}): download it again") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path.name} holds {type(value).__name__}, not an object: download it again")
    return value
