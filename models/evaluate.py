"""Word and character error of transcripts: the Whisper normaliser, then jiwer.

  npm run model -- evaluate REFERENCES.jsonl TRANSCRIPTS.jsonl [--language en] [--json FILE]
                            [--write-manifest MODEL --set NAME]

Both files hold one {"file", "text"} a line. REFERENCES: "" is noise, where each word heard is invented; null is not
scored; "language" overrides --language. TRANSCRIPTS, as `murmuration transcribe --jsonl` writes them: each
reference once, under the name it has there or a path from here. Exit code 2 where they do not fit together.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clips import Clip, read_clips, read_lines
from manifest import WordError, read_manifest, write_manifest
from verify import find_model
from weights import ModelError

SHOWN = 10


@dataclass(frozen=True)
class Score:
    """Errors of one clip, or summed over several."""
    words: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    characters: int = 0
    character_errors: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(*(mine + theirs for mine, theirs in zip(dataclasses.astuple(self), dataclasses.astuple(other))))

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions


@cache
def normalizer(language: str) -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()


def score(clip: Clip, heard: str) -> Score:
    """A clip with nothing said has 0 words: all that was heard is insertions."""
    import jiwer

    normalize = normalizer(clip.languages[0] if len(clip.languages) == 1 else "")
    expected, found = normalize(clip.text).strip(), normalize(heard).strip()
    if not expected:
        return Score(insertions=len(found.split()))
    words, characters = jiwer.process_words(expected, found), jiwer.process_characters(expected, found)
    return Score(
        len(expected.split()), words.substitutions, words.deletions, words.insertions, len(expected),
        characters.substitutions + characters.deletions + characters.insertions)


def match(clips: list[Clip], transcripts: Path) -> list[tuple[Clip, str]]:
    """Each clip whose text is known, with what was heard; raises ModelError where the two files do not fit together."""
    names = {clip.file: clip for clip in clips}
    paths = {clip.path.resolve(): clip for clip in clips}
    heard: dict[str, str] = {}
    for place, item in read_lines(transcripts):
        clip = names.get(item["file"]) or paths.get(Path(item["file"]).resolve())
        if clip is None:
            raise ModelError(f"{place}: {item['file']} is not among the references: remove it or add its reference")
        if clip.file in heard:
            raise ModelError(f"{place}: {item['file']} is {clip.file}, which has a transcript already: keep one of the two")
        if not isinstance(item.get("text"), str):
            raise ModelError(f'{place}: "text" is {item.get("text")!r}: write what was heard, "" for nothing')
        heard[clip.file] = item["text"]
    known = [clip for clip in clips if clip.text is not None]
    if missing := [clip.file for clip in known if clip.file not in heard]:
        others = f" and of {len(missing) - 1} others" if len(missing) > 1 else ""
        raise ModelError(f"{transcripts} has no transcript of {missing[0]}{others}: transcribe all references")
    if not known:
        raise ModelError("no reference has a text: there is nothing to score")
    return [(clip, heard[clip.file]) for clip in known]


def percent(errors: int, count: int) -> float | None:
    return round(100 * errors / count, 2) if count else None


def evaluate(references: Path, transcripts: Path, language: str) -> dict[str, int | float | None]:
    """Prints the table and returns the figures as --json writes them."""
    scores = [(clip.file, score(clip, heard)) for clip, heard in match(read_clips(references, language), transcripts)]
    speech = [(file, each) for file, each in scores if each.words]
    noise = [(file, each) for file, each in scores if not each.words]
    total = sum((each for _, each in speech), Score())
    wrong = sorted((item for item in scores if item[1].errors), key=lambda item: -item[1].errors)
    print(f"{'clip':40} {'words':>6} {'wrong':>6} {'left out':>8} {'added':>6}")
    for file, each in wrong[:SHOWN] + [(f"all {len(speech)} clips with speech", total)]:
        print(f"{file:40.40} {each.words:6} {each.substitutions:6} {each.deletions:8} {each.insertions:6}")
    figures = {
        "clips": len(speech), "words": total.words, "wordErrorPercent": percent(total.errors, total.words),
        "characterErrorPercent": percent(total.character_errors, total.characters), "substitutions": total.substitutions,
        "deletions": total.deletions, "insertions": total.insertions, "noiseClips": len(noise),
        "noiseWords": sum(each.insertions for _, each in noise)}
    print(f"WER {figures['wordErrorPercent']} %, CER {figures['characterErrorPercent']} %, "
          f"{figures['noiseWords']} words invented in {len(noise)} clips of noise")
    return figures


def record(folder: Path, name: str, figures: dict) -> None:
    """Puts the figures into the model's manifest, in place of earlier ones of the same set."""
    manifest = read_manifest(folder)
    if not figures["words"]:
        raise ModelError(f"set {name} has no speech: a manifest holds word errors of speech")
    entry = WordError(name, figures["clips"], figures["words"], figures["wordErrorPercent"], figures["characterErrorPercent"])
    others = [error for error in manifest.word_errors if error.set != name]
    write_manifest(dataclasses.replace(manifest, word_errors=sorted([*others, entry], key=lambda error: error.set)), folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- evaluate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("references", type=Path)
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("--language", default="en", help="of references that name none; en has a normaliser of its own")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--write-manifest", metavar="MODEL", help="write them into the manifest of this folder or id")
    parser.add_argument("--set", help="name of the references in the manifest")
    options = parser.parse_args()
    if bool(options.write_manifest) != bool(options.set):
        parser.error("--write-manifest and --set go together")
    try:
        figures = evaluate(options.references, options.transcripts, options.language)
        if options.write_manifest:
            record(find_model(options.write_manifest), options.set, figures)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(figures) + "\n", "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
