"""The teacher's own transcripts, as labels of clips that have none. Made once: they are kept with the training's state."""
from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from clips import read_lines
from run_graph import token_limit
from training.hear import Resident, hear
from training.network import Whisper
from training.processes import Processes
from training.text_tokens import TextTokens
from training.transcribe import transcribe
from speech.wav_file import RATE
from weights import WhisperWeights

REPEATED = 2.4  # compression ratio above which Whisper takes a text for a loop
MOST_ROWS = 256
WIDE_ROWS = 512 * 1280  # clips at once, times decoder layers, times width: each keeps the keys and values of its audio
TOKENS_A_SECOND, TOKENS_MORE = 10, 24  # nobody says more; what does is a loop


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
                 weights: WhisperWeights, work: Path, processes: Processes, resident: Resident | None = None,
                 note: Callable[[str], None] = lambda _: None) -> dict[str, Label]:
    """Labels of (file under `folder`, seconds), by file. Clips are shared out among the processes."""
    path = work / f"labels-{labelling.digest()[:16]}.jsonl"
    if not all(processes.gather(path.is_file())):
        ordered = sorted(clips, key=lambda clip: clip[1])
        mine = [file for file, _ in ordered[processes.rank :: processes.count]]
        texts, teacher, found = TextTokens(weights.tokenizer_path), network(), []
        rows = max(1, min(MOST_ROWS, WIDE_ROWS // weights.dimensions.decoder_layers // weights.dimensions.width))
        for start in range(0, len(mine), rows):
            found += label(folder, mine[start : start + rows], labelling, teacher, weights, texts, processes.device, resident)
            note(f"labelled {len(found)} of {len(mine)} clips")
        every = sorted((each for part in processes.gather(found) for each in part), key=lambda each: each.file)
        if processes.first:
            write_labels(path, every)
        processes.gather(None)  # nobody reads before it is written
    return {item["file"]: Label(**item) for _, item in read_lines(path)}


def label(folder: Path, files: list[str], labelling: Labelling, teacher: Whisper, weights: WhisperWeights,
          texts: TextTokens, device: torch.device, resident: Resident | None) -> list[Label]:
    pcm, context, _ = hear([folder / file for file in files], weights.dimensions.audio_context, labelling.whole, resident, device)
    pcm, context = pcm.to(device), context.to(device)
    limit = min(token_limit(weights), most_tokens(pcm.shape[1] / RATE))
    plain, timed = (transcribe(teacher, weights, pcm, context, labelling.language, timed, limit) for timed in (False, True))

    def trusted(tokens: list[int]) -> list[int] | None:
        return tokens if len(tokens) < limit and compression_ratio(texts.decode(tokens)) <= REPEATED else None

    return [Label(file, texts.decode(first), trusted(first), trusted(second))
            for file, first, second in zip(files, plain, timed, strict=True)]


def most_tokens(seconds: float) -> int:
    return math.ceil(TOKENS_A_SECOND * seconds) + TOKENS_MORE


def compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def write_labels(path: Path, labels: list[Label]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".part")
    new.write_text("".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in labels), "utf8")
    new.replace(path)
