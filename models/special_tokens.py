"""Special tokens and languages of a Whisper, by name from its tokenizer.json: their numbers differ between versions."""
from __future__ import annotations

import re
from pathlib import Path

from read_json_object import read_json_object
from weights import ModelError, Tokens

ENGLISH_ONLY_VOCABULARY = 51_864  # one less than the multilingual ones
LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


def read_special_tokens(path: Path) -> dict[str, int]:
    """Added tokens by name; raises ModelError where the file is missing or not a tokenizer."""
    tokenizer = read_json_object(path)
    try:
        return {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    except (KeyError, TypeError) as error:
        raise ModelError(f"{path.name} cannot be read as a tokenizer ({error}): download it again") from error


def find_tokens(added: dict[str, int], source: str) -> Tokens:
    def token(*names: str) -> int:
        for name in names:
            if name in added:
                return added[name]
        raise ModelError(f"the tokenizer of {source} has no {names[0]}: it is not a Whisper tokenizer")

    no_timestamps = token("<|notimestamps|>")
    return Tokens(
        end_of_text=token("<|endoftext|>"), start_of_transcript=token("<|startoftranscript|>"),
        translate=token("<|translate|>"), transcribe=token("<|transcribe|>"), start_of_previous=token("<|startofprev|>"),
        no_speech=token("<|nospeech|>", "<|nocaptions|>"), no_timestamps=no_timestamps,
        timestamp_begin=added.get("<|0.00|>", no_timestamps + 1))


def find_languages(added: dict[str, int], tokens: Tokens, vocabulary: int) -> dict[str, int]:
    """Language code → token, in the order of the tokens; empty for an English-only model, which has the names all the same."""
    if vocabulary == ENGLISH_ONLY_VOCABULARY:
        return {}
    between = range(tokens.start_of_transcript + 1, min(tokens.translate, tokens.transcribe))
    found = {match[1]: token for name, token in added.items() if (match := LANGUAGE.fullmatch(name)) and token in between}
    return dict(sorted(found.items(), key=lambda item: item[1]))
