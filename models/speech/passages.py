"""Text becomes passages: a few sentences in a row, of lengths that fill Whisper's window from one word to 28 s."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np

from weights import ModelError

WORDS_PER_SECOND = 2.6  # of the synthesizers together
SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 26.0
RUN = 6  # so many words in a row that a reference has too are no chance

STAGE_DIRECTION = re.compile(r"\((?:applause|laughter)[^)]*\)|\[[^\]]*\]", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[\"'(]?[A-Z])")
ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Capt|Gen|Col|Hon|Rev|Gov|Sen|No|vs|etc|viz|[A-Z])\.$")
# Words, simple numbers and punctuation: what the synthesizers say as it is written
SPEAKABLE = re.compile(r"[A-Za-z0-9 ,.;:!?'\"-]+")
HARD_NUMBER = re.compile(r"\d{5,}|\d[A-Za-z]|[A-Za-z]\d|\d[.,:-]\d|^\d|\d\.$")


def normalise(text: str) -> str:
    """Plain quotes, dashes and spaces; no stage directions."""
    text = unicodedata.normalize("NFKC", text).translate({
        0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: ", ", 0x2026: "...", 0xA0: " "})
    text = STAGE_DIRECTION.sub(" ", text).replace("--", ", ").replace("_", "")
    return re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s+", " ", text)).strip()


def split_sentences(text: str) -> Iterator[str]:
    held = ""
    for part in SENTENCE_END.split(normalise(text)):
        held = f"{held} {part}".strip()
        if not ABBREVIATION.search(held):
            yield held
            held = ""
    if held:
        yield held


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def runs_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """All runs of RUN words; a text that is shorter is one run."""
    found = set()
    for text in texts:
        words = words_of(text)
        found |= {tuple(words[start:start + RUN]) for start in range(max(1, len(words) - RUN + 1))} if words else set()
    return found


def read_passages(texts: list[str], without: Iterable[str], seed: int) -> list[str]:
    """The passages in an order that `seed` gives; no sentence twice, none that shares RUN words in a row with `without`.

    A passage is cut off where a sentence is left out, so that what is spoken in one go was written in one go.
    """
    generator = np.random.default_rng([seed, 0])
    forbidden, seen, passages = runs_of(without), set(), []
    held: list[str] = []
    wanted = 0.0

    def close():
        nonlocal held, wanted
        if held and sum(map(len, map(words_of, held))) >= 2:
            passages.append(" ".join(held))
        held, wanted = [], float(generator.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)) * WORDS_PER_SECOND

    for text in texts:
        close()
        for sentence in split_sentences(text):
            words = words_of(sentence)
            key, size = " ".join(words), len(words)
            usable = (SPEAKABLE.fullmatch(sentence) and ".." not in sentence and not HARD_NUMBER.search(sentence) and 0 < size <= LONGEST_SECONDS * WORDS_PER_SECOND
                      and key not in seen and not runs_of([sentence]) & forbidden and sentence.upper() != sentence)
            if not usable:
                close()
                continue
            if held and sum(map(len, map(words_of, held))) + size > wanted:
                close()
            seen.add(key)
            held.append(sentence.strip('"\' ') if sentence.count('"') % 2 else sentence)
    close()
    if not passages:
        raise ModelError("the texts have no sentence that can be spoken: give --text with English prose")
    return [passages[place] for place in generator.permutation(len(passages))]
