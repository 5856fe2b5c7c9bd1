import hashlib
from pathlib import Path


def hash_file(path: Path) -> str:
    """sha256 of a file, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
