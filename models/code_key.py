"""The code that a command runs, as a hash: what it made is kept only as long as that code stays."""
from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def code_key(command: str, folder: Path = HERE) -> str:
    """sha256 over the command's code. Comments, which change nothing, do not count."""
    digest = hashlib.sha256()
    for path, module in sorted(code_of(command, folder).items()):
        digest.update(f"{path.relative_to(folder)}\n{ast.dump(module)}\n".encode())
    return digest.hexdigest()


def code_of(command: str, folder: Path = HERE) -> dict[Path, ast.Module]:
    """`command`.py and all of this folder that it imports, directly or not."""
    found: dict[Path, ast.Module] = {}
    waiting = [folder / f"{command}.py"]
    while waiting:
        path = waiting.pop()
        if path not in found and path.is_file():
            found[path] = ast.parse(path.read_text("utf8"))
            waiting += [folder.joinpath(*name.split(".")).with_suffix(".py") for name in imported(found[path])]
    return found


def imported(module: ast.Module) -> list[str]:
    """Modules that are imported anywhere in it. What is imported from a package may be one of its modules."""
    names = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
