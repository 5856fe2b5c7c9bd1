"""The teacher's own transcripts, as labels of clips that have none. Made once: they are kept with the training's state."""
from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from clips import read_lines
from graph_encoder import FRAME
from run_graph import token_limit
from training.context import plan_context
from training.network import Whisper
from training.processes import Processes
from training.read_audio import read_audio
from training.text_tokens import TextTokens
from training.transcribe import transcribe
from weights import WhisperWeights

REPEATED = 2.4  # compression ratio above which Whisper takes a text for a loop
ROW_LAYERS = 512  # clips at once, times decoder layers: each keeps the keys and values of its audio


@dataclass(frozen=True)
class Label:
    file: str
    text: str
    tokens: list[int] | None  # without timestamps; None: the teacher found no end, or said things over and over
    timed: list[int] | None  # with timestamps; likewise


@dataclass(frozen=True)
class Labelling:
    """What the labels depend on."""

    files: dict[str, str]  # name → sha256
    teacher: str  # sha256
    language: str
    whole: bool  # 30 s of context for each clip

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def pseudo_label(folder: Path, clips: list[tuple[str, float]], labelling: Labelling, network: Callable[[], Whisper],
                 weights: WhisperWeights, work: Path, processes: Processes,
                 note: Callable[[str], None] = lambda _: None) -> dict[str, Label]:
    """Labels of (file under `folder`, seconds), by file. Clips are shared out among the processes."""
    path = work / f"labels-{labelling.digest()[:16]}.jsonl"
    if not all(processes.gather(path.is_file())):
        ordered = sorted(clips, key=lambda clip: clip[1])
        mine = [file for file, _ in ordered[processes.rank :: processes.count]]
        texts, teacher, found = TextTokens(weights.tokenizer_path), network(), []
        rows = min(128, ROW_LAYERS // weights.dimensions.decoder_layers)
        for start in range(0, len(mine), rows):
            found += label(folder, mine[start : start + rows], labelling, teacher, weights, texts, processes.device)
            note(f"labelled {len(found)} of {len(mine)} clips")
        every = sorted((each for part in processes.gather(found) for each in part), key=lambda each: each.file)
        if processes.first:
            write_labels(path, every)
        processes.gather(None)  # nobody reads before it is written
    return {item["file"]: Label(**item) for _, item in read_lines(path)}


def label(folder: Path, files: list[str], labelling: Labelling, teacher: Whisper, weights: WhisperWeights,
          texts: TextTokens, device: torch.device) -> list[Label]:
    clips = [read_audio(folder / file) for file in files]
    context = plan_context([len(clip) for clip in clips], weights.dimensions.audio_context, labelling.whole)
    pcm = torch.zeros(len(clips), FRAME * context.seen.shape[1])
    for row, clip in zip(pcm, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    pcm, context = pcm.to(device), context.to(device)
    plain, timed = (transcribe(teacher, weights, pcm, context, labelling.language, timed) for timed in (False, True))
    limit = token_limit(weights)

    def trusted(tokens: list[int]) -> list[int] | None:
        return tokens if len(tokens) < limit and compression_ratio(texts.decode(tokens)) <= REPEATED else None

    return [Label(file, texts.decode(first), trusted(first), trusted(second))
            for file, first, second in zip(files, plain, timed, strict=True)]


def compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def write_labels(path: Path, labels: list[Label]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".part")
    new.write_text("".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in labels), "utf8")
    new.replace(path)
