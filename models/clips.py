"""Recordings with what is said in them: JSONL of {"file", "text", …}, file paths relative to the JSONL."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from weights import ModelError

REFERENCES = Path(__file__).parents[1] / "test" / "fixtures" / "audio" / "references.jsonl"


@dataclass(frozen=True)
class Clip:
    file: str  # as the JSONL names it
    path: Path
    text: str | None  # "" is noise: no word is said; None: not known in full
    languages: tuple[str, ...]


def read_lines(path: Path) -> list[tuple[str, dict]]:
    """(place for messages, object) of each line; raises ModelError where a line is no object with a unique "file"."""
    try:
        lines = path.read_text("utf8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read {path} ({error}): give a JSONL file") from error
    found: dict[str, tuple[str, dict]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path.name}:{number}"
        try:
            item = json.loads(line)
        except json.JSONDecodeError as error:
            raise ModelError(f"{place} is not JSON ({error}): write one object a line") from error
        if not isinstance(item, dict) or not isinstance(item.get("file"), str) or not item["file"]:
            raise ModelError(f'{place} has no "file": write {{"file": …, "text": …}} on each line')
        if item["file"] in found:
            raise ModelError(f"{place} names {item['file']} again, after {found[item['file']][0]}: keep one of the two lines")
        found[item["file"]] = (place, item)
    if not found:
        raise ModelError(f"{path} is empty: write one {{\"file\": …, \"text\": …}} a line")
    return list(found.values())


def read_clips(path: Path, language: str = "en") -> list[Clip]:
    """The clips of a JSONL of references. `language` or `languages` say what is spoken; where neither is there, the argument."""
    clips = []
    for place, item in read_lines(path):
        text, languages = item.get("text"), item.get("languages") or [item.get("language") or language]
        if not isinstance(text, str | None):
            raise ModelError(f'{place}: "text" is {text!r}: write a text, "" for noise, or null where it is not known')
        if not isinstance(languages, list) or not all(isinstance(code, str) for code in languages):
            raise ModelError(f'{place}: "languages" is {languages!r}: write a list of codes such as ["en"]')
        clips.append(Clip(item["file"], path.parent / item["file"], text, tuple(languages)))
    return clips
