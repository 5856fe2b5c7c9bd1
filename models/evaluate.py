"""Word and character error of transcripts: the Whisper normaliser, then jiwer.

  npm run model -- evaluate REFERENCES.jsonl TRANSCRIPTS.jsonl [--language en] [--json FILE]
                            [--model MODEL] [--write-manifest MODEL --set NAME]

Both files hold one {"file", "text"} a line. REFERENCES: "" is noise, where each word heard is invented; null is not
scored; "language" overrides --language. TRANSCRIPTS, as `murmuration transcribe --jsonl` writes them: each
reference once, under the name it has there or a path from here. Exit code 2 where they do not fit together, and where
the model (the transcripts' "model", --model or --write-manifest) was trained on one of the references, by hash or by name. Where
that cannot be looked up, because no model is named or it is not here, standard error says so.
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

from build import ARTIFACTS
from check_manifest import ID
from clips import Clip, read_clips, read_lines
from hash_file import hash_file
from manifest import Noise, WordError, read_manifest, write_manifest
from run_graph import check_files
from training_manifest import DIGITS, TRAINED_ON, read_trained_on
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


def models_of(transcripts: Path) -> tuple[list[Path], list[str]]:
    """Folders of the models that wrote the transcripts, and the names of those that are not here: "" is one that nobody named."""
    names = {name if isinstance(name := item.get("model"), str) else "" for _, item in read_lines(transcripts)}
    here = [name for name in sorted(names) if ID.fullmatch(name) and (ARTIFACTS / name / "manifest.json").is_file()]
    return [ARTIFACTS / name for name in here], sorted(names - {*here})


def refuse_training(clips: list[Clip], folder: Path) -> None:
    """Raises ModelError where the model was trained on one of the clips: by the file's hash or its name."""
    manifest = read_manifest(folder)
    if TRAINED_ON not in manifest.files:
        if manifest.recipe and manifest.recipe.trained_on:
            raise ModelError(f"{manifest.id} was trained, and has no {TRAINED_ON} that says on what: make it again")
        return
    check_files(folder, manifest)
    hashes, names = read_trained_on(folder / TRAINED_ON)
    for clip in clips:
        if clip.text is None:
            continue
        if Path(clip.file).name in names:
            raise ModelError(f"{manifest.id} has learnt from a file called {Path(clip.file).name}: evaluate it on others, or rename {clip.file}")
        if not clip.path.is_file():
            raise ModelError(f"{clip.path} is not there: each reference is compared with what {manifest.id} has learnt from")
        if hash_file(clip.path)[:DIGITS] in hashes:
            raise ModelError(f"{manifest.id} has learnt from {clip.file}: evaluate it on other clips")


def percent(errors: int, count: int) -> float | None:
    return round(100 * errors / count, 2) if count else None


def evaluate(references: Path, transcripts: Path, language: str, models: list[Path] | None = None) -> dict[str, int | float | None]:
    """Prints the table and returns the figures as --json writes them. `models` are folders of models besides those that the
    transcripts name."""
    clips = read_clips(references, language)
    matched = match(clips, transcripts)
    told, away = models_of(transcripts)
    if away and not models:
        what = " and ".join(name or "a model that the transcripts do not name" for name in away)
        print(f"model: not compared with what {what} has learnt from: give its folder by --model", file=sys.stderr)
    for folder in dict.fromkeys(folder.resolve() for folder in [*told, *(models or [])]):
        refuse_training(clips, folder)
    scores = [(clip.file, score(clip, heard)) for clip, heard in matched]
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
    """Puts the figures into the model's manifest, in place of earlier ones of the same set. Of a set of noise alone only
    the invented words are kept, and those where the model has figures."""
    manifest = read_manifest(folder)
    if manifest.figures and figures["noiseClips"]:
        noise = [each for each in manifest.figures.noise if each.set != name]
        noise = sorted([*noise, Noise(name, figures["noiseClips"], figures["noiseWords"])], key=lambda each: each.set)
        manifest = dataclasses.replace(manifest, figures=dataclasses.replace(manifest.figures, noise=noise))
        if not figures["words"]:
            return write_manifest(manifest, folder)
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
    parser.add_argument("--model", help="folder or id of the model that wrote the transcripts, where they do not name one under models/artifacts")
    parser.add_argument("--write-manifest", metavar="MODEL", help="write them into the manifest of this folder or id")
    parser.add_argument("--set", help="name of the references in the manifest")
    options = parser.parse_args()
    if bool(options.write_manifest) != bool(options.set):
        parser.error("--write-manifest and --set go together")
    try:
        models = [find_model(name) for name in (options.model, options.write_manifest) if name]
        figures = evaluate(options.references, options.transcripts, options.language, models)
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
