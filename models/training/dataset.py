"""The clips to learn from and those held out, each with what is said in it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training.example import Example, make_example
from training.hear import Resident
from training.network import Whisper
from training.processes import Processes
from training.pseudo_label import Label, Labelling, pseudo_label
from training.text_tokens import TextTokens
from training_manifest import TrainingClip, hash_manifests, read_training_manifest
from weights import ModelError, WhisperWeights


@dataclass(frozen=True)
class Teaching:
    """A clip as it can be learnt: without timestamps, with them, or either."""

    seconds: float
    plain: Example | None
    timed: Example | None

    def choose(self, timed: bool) -> Example:
        return (self.timed if timed else self.plain) or self.plain or self.timed


@dataclass(frozen=True)
class Dataset:
    training: list[Teaching]
    held_out: list[Example]
    clips: list[TrainingClip]  # all that were read, the held out ones too
    sha256: str  # of the manifests
    left_out: int  # clips without a label that can be trusted
    resident: Resident | None = None  # their audio, where it is kept in memory


@dataclass(frozen=True)
class DataOptions:
    data: Path
    validation: Path | None = None  # a manifest of its own; else a share of `data`
    held_out: float = 0.05
    labels: str = "auto"  # text, teacher, or auto: the text where there is one
    language: str = "en"
    whole: bool = False  # 30 s of context for each clip, as graphs for CUDA hear
    limit: int | None = None  # take only the first clips
    resident: bool = False  # all audio in memory
    cache: Path | None = None  # where labels and audio are kept for other trainings on the same clips


def read_dataset(options: DataOptions, weights: WhisperWeights, teacher: WhisperWeights | None, network: Callable[[], Whisper],
                 work: Path, processes: Processes, note: Callable[[str], None] = lambda _: None) -> Dataset:
    """`teacher` labels the clips that have no text. `network` is asked for only where it must listen."""
    manifests = [options.data, *([options.validation] if options.validation else [])]
    read = [read_training_manifest(path) for path in manifests]
    read[0] = read[0][: options.limit]
    if weights.languages and options.language not in weights.languages:
        raise ModelError(f"{weights.source.name} has no language {options.language!r}: give one of {', '.join(weights.languages)}")
    every = list(dict.fromkeys(path.parent / clip.file for path, clips in zip(manifests, read, strict=True) for clip in clips))
    resident = Resident(every, options.cache) if options.resident else None
    parts: list[list[Teaching]] = []
    for path, clips in zip(manifests, read, strict=True):
        unlabelled = [clip for clip in clips if options.labels == "teacher" or (options.labels == "auto" and clip.text is None)]
        labels: dict[str, Label] = {}
        if unlabelled:
            if teacher is None:
                raise ModelError(f"{path.name} has {len(unlabelled)} clips without a text: give --teacher, which will write them")
            labelling = Labelling({clip.file: clip.sha256 for clip in unlabelled}, teacher.source.sha256, options.language,
                                  options.whole)
            labels = pseudo_label(path.parent, [(clip.file, clip.seconds) for clip in unlabelled], labelling, network, teacher,
                                  options.cache or work, processes, resident, note)
        parts.append(teachings(path.parent, clips, labels, options, weights))
    held_out = parts[1] if options.validation else []
    training = parts[0] if options.validation else []
    if not options.validation:
        for clip, teaching in zip(read[0], parts[0], strict=True):
            (held_out if is_held_out(clip, options.held_out) else training).append(teaching)
    usable = [teaching for teaching in training if teaching.plain or teaching.timed]
    watched = [teaching for teaching in held_out if teaching.plain or teaching.timed]
    return Dataset(
        training=usable, clips=[clip for clips in read for clip in clips], sha256=hash_manifests(manifests),
        held_out=[teaching.choose(timed=place % 2 == 1) for place, teaching in enumerate(watched)],
        left_out=len(training) + len(held_out) - len(usable) - len(watched), resident=resident)


def teachings(folder: Path, clips: list[TrainingClip], labels: dict[str, Label], options: DataOptions,
              weights: WhisperWeights) -> list[Teaching]:
    """In the order of the clips; one whose text is too long, or that nobody labelled, has neither form."""
    texts: TextTokens | None = None
    found = []
    for clip in clips:
        forms: list[Example | None] = []
        if clip.file in labels:
            tokens = [labels[clip.file].tokens, labels[clip.file].timed]
        else:
            if clip.text is None:
                raise ModelError(f'{clip.file} has no "text": write it, or let the teacher label by --labels auto')
            texts = texts or TextTokens(weights.tokenizer_path)
            tokens = [texts.encode(clip.text) if clip.text.strip() else [], None]
        for timed, text in enumerate(tokens):
            if text is None:
                forms.append(None)
                continue
            example = make_example(folder / clip.file, clip.seconds, text, bool(timed), options.language, weights)
            forms.append(example if example.inputs <= weights.dimensions.text_context else None)
        found.append(Teaching(clip.seconds, *forms))
    return found


def is_held_out(clip: TrainingClip, share: float) -> bool:
    """By the clip's hash: the same clip is held out from every training, however the manifest grows."""
    return int(clip.sha256[:8], 16) < share * 2**32
