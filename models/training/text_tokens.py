"""Texts to tokens and back, by the tokenizer.json of the weights."""
from __future__ import annotations

from pathlib import Path

from weights import ModelError


class TextTokens:
    def __init__(self, path: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelError("the package tokenizers is not installed: run this by npm run model") from error
        try:
            self.tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"cannot read {path.name} ({error}): download the weights again") from error

    def encode(self, text: str) -> list[int]:
        """Whisper's texts begin with a space."""
        return self.tokenizer.encode(" " + " ".join(text.split()), add_special_tokens=False).ids

    def decode(self, tokens: list[int]) -> str:
        """Without special tokens."""
        return self.tokenizer.decode(tokens, skip_special_tokens=True).strip()
