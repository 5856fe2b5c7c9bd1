"""What the types of a manifest cannot say: which numbers are above 0, which texts are not empty, what a hash and an id look like."""
from __future__ import annotations

import dataclasses
import re

from weights import ModelError

ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
SHA256 = re.compile(r"[0-9a-f]{64}")


def check_manifest(manifest) -> None:
    """Raises ModelError where layers/whisper/manifest.ts would refuse the Manifest too."""
    positive = dataclasses.asdict(manifest.dimensions) | {"graph.opset": manifest.graph.opset}
    positive |= {f"files.{name}.sizeBytes": info.size_bytes for name, info in manifest.files.items()}
    positive |= {f"wordErrors[{place}]": min(e.clips, e.words) for place, e in enumerate(manifest.word_errors)}
    positive |= {"verified.clips": manifest.verified.clips} if manifest.verified else {}
    if manifest.figures:
        positive |= {"figures.parameters": manifest.figures.parameters}
        positive |= {f"figures.noise[{place}].clips": noise.clips for place, noise in enumerate(manifest.figures.noise)}
        positive |= {f"figures.speed[{place}]": min(speed.times_real_time, speed.times_baseline)
                     for place, speed in enumerate(manifest.figures.speed)}
    for name, value in positive.items():
        if value == 0:
            raise ModelError(f"manifest: {name} is 0: write a positive number")
    texts = {"source.name": manifest.source.name, "source.licence": manifest.source.licence, "graph.file": manifest.graph.file}
    if manifest.recipe:
        texts |= {f"recipe.steps[{place}].step": step.get("step") for place, step in enumerate(manifest.recipe.steps)}
        texts |= {"recipe.name": manifest.recipe.name} if manifest.recipe.name is not None else {}
    if manifest.figures:
        texts |= {f"figures.speed[{place}].hardware": speed.hardware for place, speed in enumerate(manifest.figures.speed)}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ModelError(f"manifest: {name} is {value!r}: write a text")
        if not value:
            raise ModelError(f"manifest: {name} is empty: write a text")
    hashes = {"source": manifest.source.sha256} | {name: info.sha256 for name, info in manifest.files.items()}
    if manifest.recipe:
        optional = {"recipe": manifest.recipe.sha256, "recipe.trainedOn": manifest.recipe.trained_on}
        hashes |= {name: value for name, value in optional.items() if value is not None}
    for name, value in hashes.items():
        if not SHA256.fullmatch(value):
            raise ModelError(f"manifest: sha256 of {name} is {value!r}: write 64 lower-case hexadecimal digits")
    ids = {"id": manifest.id} | {f"ladder[{place}].model": rung.model for place, rung in enumerate(manifest.ladder or [])}
    if manifest.figures:
        ids |= {f"figures.speed[{place}].baseline": speed.baseline for place, speed in enumerate(manifest.figures.speed)}
    for name, value in ids.items():
        if not ID.fullmatch(value):
            raise ModelError(f"manifest: {name} is {value!r}: use lower-case letters, digits, '.', '_' and '-'")
    if manifest.source.kind not in ("huggingface", "ctranslate2"):
        raise ModelError(f"manifest: source.kind is {manifest.source.kind!r}: write huggingface or ctranslate2")
