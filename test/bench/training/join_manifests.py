"""join_manifests.py TRAIN.jsonl VALIDATION.jsonl MANIFEST…: one manifest of several, in the order of their hashes, and a hundredth of
the recordings apart, with all that was made of them. Texts are left out: the teacher writes all."""
from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from pathlib import Path

APART = 0.015

train, validation, *manifests = map(Path, sys.argv[1:])
lines: dict[Path, list[dict]] = {train: [], validation: []}
for manifest in manifests:
    for line in manifest.read_text("utf8").splitlines():
        clip = json.loads(line)
        clip.pop("text", None)
        said = sha256(clip["file"].replace("-varied", "").encode()).digest()
        out = validation if int.from_bytes(said[:4]) < APART * 2**32 else train
        lines[out].append(clip | {"file": os.path.relpath(manifest.parent / clip["file"], out.parent)})
if not lines[validation]:
    lines[validation].append(lines[train].pop())
for out, clips in lines.items():
    out.write_text("".join(json.dumps(clip) + "\n" for clip in sorted(clips, key=lambda clip: clip["sha256"])), "utf8")
    print(f"{out.name}: {len(clips)} clips, {sum(clip['seconds'] for clip in clips) / 3600:.2f} h")
