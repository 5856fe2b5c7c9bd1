"""The manifest of training data: JSON lines {"file", "text"?, "seconds", "sha256"}, and the list of hashes that a model keeps of it."""
from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from clips import read_lines
from hash_file import hash_file
from weights import ModelError

SHA256 = re.compile(r"[0-9a-f]{64}")
TRAINED_ON = "trained-on.txt"
DIGITS = 16  # 64 bits of a hash: two of a million clips agree by chance once in 37 million such sets


Recordings = tuple[tuple[str, str], ...]  # name and sha256 of each


@dataclass(frozen=True)
class TrainingClip:
    file: str  # relative to the manifest
    text: str | None  # None: not known
    seconds: float
    sha256: str  # of the file
    origin: str | None = None  # name of the recording that it was cut from
    origin_sha256: str | None = None
    joined: Recordings = ()  # that it was made of, one after the other


def read_training_manifest(path: Path) -> list[TrainingClip]:
    """Raises ModelError where a line is not a clip; keys that are not known are let pass."""
    clips = []
    for place, item in read_lines(path):
        text, seconds, sha256 = item.get("text"), item.get("seconds"), item.get("sha256")
        if not isinstance(text, str | None):
            raise ModelError(f'{place}: "text" is {text!r}: write what is said, or leave it out')
        if type(seconds) not in (int, float) or not 0 < seconds < math.inf:
            raise ModelError(f'{place}: "seconds" is {seconds!r}: write the length of the clip')
        for name, value in (("sha256", sha256), ("originSha256", item.get("originSha256", "0" * 64))):
            if not isinstance(value, str) or not SHA256.fullmatch(value):
                raise ModelError(f'{place}: "{name}" is {value!r}: write 64 lower-case hexadecimal digits')
        origin = item.get("origin")
        if not isinstance(origin, str | None):
            raise ModelError(f'{place}: "origin" is {origin!r}: write the name of the recording, or leave it out')
        joined = read_joined(item, place)
        clips.append(TrainingClip(item["file"], text, float(seconds), sha256, origin, item.get("originSha256"), joined))
    return clips


def read_joined(item: dict, place: str) -> Recordings:
    joined = item.get("joined", [])
    if not isinstance(joined, list) or not all(isinstance(each, list) and len(each) == 2 and all(isinstance(part, str) for part in each)
                                               and SHA256.fullmatch(each[1]) for each in joined):
        raise ModelError(f'{place}: "joined" is {joined!r:.80}: write [name, sha256] of each recording, or leave it out')
    return tuple((name, sha256) for name, sha256 in joined)


def format_clip(clip: TrainingClip) -> str:
    item = {"file": clip.file, "text": clip.text, "seconds": clip.seconds, "sha256": clip.sha256, "origin": clip.origin,
            "originSha256": clip.origin_sha256, "joined": clip.joined or None}
    return json.dumps({key: value for key, value in item.items() if value is not None}, ensure_ascii=False) + "\n"


def hash_manifests(paths: list[Path]) -> str:
    """sha256 of a training manifest; of the hashes in order where there are several."""
    hashes = [hash_file(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def trained_on(clips: list[TrainingClip]) -> str:
    """The text of trained-on.txt: a hash's first digits and the file's name, a line for each clip and each recording that it was made of."""
    rows = {(clip.sha256[:DIGITS], Path(clip.file).name) for clip in clips}
    rows |= {(clip.origin_sha256[:DIGITS], Path(clip.origin).name) for clip in clips if clip.origin and clip.origin_sha256}
    rows |= {(sha256[:DIGITS], Path(name).name) for clip in clips for name, sha256 in clip.joined}
    return "".join(f"{digits} {name}\n" for digits, name in sorted(rows))


def add_trained_on(folder: Path, clips: list[TrainingClip], before: Path | None = None) -> None:
    """Writes trained-on.txt into the folder of weights that were trained on `clips`, and on what those in `before` were."""
    rows = set(trained_on(clips).splitlines(keepends=True))
    if before:
        rows |= set(join_trained_on([before / TRAINED_ON]).splitlines(keepends=True))
    (folder / TRAINED_ON).write_text("".join(sorted(rows)), "utf8")


def calibrated_on(plan: Path) -> Path:
    """The list of the clips that a plan of precisions was measured on, beside it."""
    return plan.with_name(f"{plan.stem}.{TRAINED_ON}")


def join_trained_on(lists: list[Path]) -> str:
    """The text of one list of those that are there; "" where none is."""
    rows: set[str] = set()
    for path in lists:
        if path.is_file():
            read_trained_on(path)
            rows |= set(path.read_text("utf8").splitlines(keepends=True))
    return "".join(sorted(rows))


def read_trained_on(path: Path) -> tuple[set[str], set[str]]:
    """(first digits of the hashes, names of the files)."""
    try:
        rows = [line.split(" ", 1) for line in path.read_text("utf8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read {path} ({error}): copy the model anew") from error
    if not all(len(row) == 2 and re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", row[0]) for row in rows):
        raise ModelError(f"{path} is no list of clips: copy the model anew")
    return {row[0] for row in rows}, {row[1] for row in rows}
