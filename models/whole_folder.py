"""A folder that is there whole or not at all."""
from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weights import ModelError


@contextmanager
def whole_folder(final: Path, force: bool = False) -> Iterator[Path]:
    """Gives an empty folder to fill, which takes the place of `final` once the block ends well. Raises ModelError where
    something is there already, unless `force`; that stays as it was where the block fails."""
    if final.exists() and not force:
        raise ModelError(f"{final} is there already: give --force to replace it, or another name")
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=final.parent, prefix=".building-"))
    try:
        new = temporary / "new"
        new.mkdir()
        yield new
        replace(new, final, temporary / "old")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace(new: Path, final: Path, old: Path) -> None:
    """Puts the new folder in the place of the one that is there, if any; that one stays where this fails."""
    there = final.exists()
    if there:
        final.rename(old)
    try:
        new.rename(final)
    except OSError:
        if there:
            old.rename(final)
        raise
