"""What a training starts from: a tiny Whisper's folder with a real tokenizer, and clips of noise with texts."""
import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import unittest.mock
from pathlib import Path

import numpy as np

from hash_file import hash_file
from random_whisper import RandomWhisper
from speech.wav_file import write_wav
from whisper_folders import special_tokens, write_huggingface

MODELS = Path(__file__).parents[2]
WORDS = [f"w{number}" for number in range(200)]


def write_teacher(folder: Path, decoder_layers: int = 4, seed: int = 0) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers

    whisper = RandomWhisper(width=64, layers=2, heads=2, vocabulary=400, end_of_text=200, decoder_layers=decoder_layers, scale=0.1, seed=seed)
    whisper.alignment_heads = [(0, 1), (decoder_layers - 1, 0)]
    write_huggingface(whisper, folder)
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([name for name, _ in sorted(special_tokens(whisper).items(), key=lambda item: item[1])])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def write_clips(folder: Path, count: int = 12, texts: bool = True, seed: int = 0) -> Path:
    """Clips of 0.3 to 1.5 s; returns their manifest."""
    folder.mkdir(parents=True)
    random, lines = np.random.default_rng(seed), []
    for number in range(count):
        seconds = 0.3 + 1.2 * number / count
        path = folder / f"{number:02}.wav"
        write_wav(path, (random.standard_normal(round(16000 * seconds)) * 0.1).astype(np.float32))
        text = {"text": " ".join(random.choice(WORDS, 1 + number % 5))} if texts else {}
        lines.append({"file": path.name, "seconds": seconds, "sha256": hash_file(path)} | text)
    manifest = folder / "train.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return manifest


def run_door(door: str, *arguments, ranks: int = 1, code: int = 0) -> str:
    """Runs distil.py or finetune.py, by torchrun where there are several ranks; returns what it told."""
    given = [*map(str, arguments), "--threads", "1", "--device", "cpu"]
    if ranks == 1:
        told = io.StringIO()
        with contextlib.redirect_stderr(told), unittest.mock.patch.object(sys, "argv", [door, *given]):
            found, told = importlib.import_module(door.removesuffix(".py")).main(), told.getvalue()
    else:
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
        result = subprocess.run([sys.executable, *launcher, str(MODELS / door), *given], capture_output=True, text=True, timeout=600,
                                env=os.environ | {"OMP_NUM_THREADS": "1"})
        found, told = result.returncode, result.stderr
    assert found == code, told
    return told


def progress(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out.with_name(out.name + ".training") / "progress.jsonl").read_text().splitlines()]
