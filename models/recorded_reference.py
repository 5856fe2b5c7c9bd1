"""What a reference heard, with the recordings, as a folder: `verify` then needs neither source nor reference where it runs the
graph, such as on a GPU machine without network: no CTranslate2, no PyTorch, no decoder of media.

FOLDER/tokens.json, FOLDER/references.jsonl as clips.py reads it, and each recording as FOLDER/N.wav.
"""
from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from clips import Clip
from compare_tokens import read_audio
from manifest import Manifest
from read_json_object import read_json_object
from reference import Reference
from run_graph import prompt_of
from save_weights import write_json
from weights import ModelError
from whole_folder import whole_folder

TOKENS, CLIPS = "tokens.json", "references.jsonl"


class RecordedReference:
    """Raises ModelError where the folder holds nothing of these weights."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        told = read_json_object(folder / TOKENS)
        try:
            self.name, source, self.heard = told["name"], told["sourceSha256"], dict(told["heard"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{folder / TOKENS} is not what verify --write-reference writes ({error}): write it anew") from error
        if source != manifest.source.sha256:
            raise ModelError(f"{folder} holds what weights of sha256 {source} say, {manifest.id} was built from {manifest.source.sha256}: "
                             "write the reference of the same source")

    def transcribe(self, audio: np.ndarray, prompt: list[int], timestamps: bool) -> list[int]:
        tokens = self.heard.get(asked(audio, prompt, timestamps))
        if tokens is None:
            raise ModelError("the reference was not asked about one of these clips: give its own, or write it anew")
        return tokens


def write_reference(reference: Reference, manifest: Manifest, clips: Iterable[Clip], folder: Path) -> None:
    """Asks about each clip's first 30 s, once without and once with timestamps. Writes `folder` whole or not at all; raises
    ModelError where it is there already."""
    heard, lines = {}, []
    with whole_folder(folder, force=False) as new:
        for number, clip in enumerate(clips):
            file = f"{number:03}.wav"
            write_wav(new / file, read_audio(clip.path))
            audio = read_audio(new / file)  # as it will be read: rounded to 16 bits
            for timestamps in (False, True):
                prompt = prompt_of(manifest, clip.languages[0], timestamps)
                heard[asked(audio, prompt, timestamps)] = reference.transcribe(audio, prompt, timestamps)
            lines.append(json.dumps({"file": file, "text": clip.text, "languages": list(clip.languages)}, ensure_ascii=False))
        (new / CLIPS).write_text("\n".join(lines) + "\n", "utf8")
        write_json(new / TOKENS, {"name": reference.name, "sourceSha256": manifest.source.sha256, "heard": heard})


def asked(audio: np.ndarray, prompt: list[int], timestamps: bool) -> str:
    return hashlib.sha256(np.ascontiguousarray(audio, "<f4").tobytes() + json.dumps([prompt, timestamps]).encode()).hexdigest()


def write_wav(path: Path, audio: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.clip(np.rint(audio * 32768), -32768, 32767).astype("<i2").tobytes())
