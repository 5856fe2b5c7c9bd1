"""precisions.py THREADS ROUNDS SIZE…: what int8 costs beside fp32 on this processor, by the size of Whisper; JSON on stdout.

Random weights: they compute as much as real ones. Segments as the engine gives them: 30 s, and 11 s with a second of silence and
merged silence after it. 30 tokens each, for the end token is masked; runs of one token stand for the encoder. The precisions take
turns, and each counts with its fastest round, of more where a size is quick. Turbo takes 9 GB of memory and 7 GB of disk.
"""
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # as models/model.mjs
sys.path.insert(0, str(Path(__file__).parent / "gpu"))

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from build_models import random_model  # noqa: E402  and the paths of models
from graph import write_graph  # noqa: E402
from run_graph import NEVER, SAMPLES  # noqa: E402

SIZES = {  # turbo's dimensions, changed
    "tiny.en": dict(mels=80, width=384, encoder_layers=4, encoder_heads=6, decoder_layers=4, decoder_heads=6, vocabulary=51864),
    "base": dict(mels=80, width=512, encoder_layers=6, encoder_heads=8, decoder_layers=6, decoder_heads=8, vocabulary=51865),
    "small": dict(mels=80, width=768, encoder_layers=12, encoder_heads=12, decoder_layers=12, decoder_heads=12, vocabulary=51865),
    "turbo": {},
}
TIMED, STORED = ("fp32", "int8"), ("fp16", "int4")  # a graph for CPU computes fp16 as fp32, and int4 as slowly: README.md of models
SEGMENTS = {30: (1500, 0), 11: (600, 16)}  # seconds: positions kept one by one, stride of the silence after them (context.ts)
TOKENS = 30
LEAST_SECONDS = 40  # of rounds: a busy moment of the machine is longer than a round of a small model


def request(weights, seconds: int, count: int) -> dict[str, np.ndarray]:
    kept, stride = SEGMENTS[seconds]
    tokens, none = weights.tokens, np.zeros(0, np.int64)
    masks = np.zeros((1, weights.dimensions.vocabulary), np.float32)
    masks[:, tokens.end_of_text] = NEVER
    noise = np.random.default_rng(0).standard_normal((1, SAMPLES)).astype(np.float32) * np.float32(0.05)
    prompt = [tokens.start_of_transcript, weights.languages["en"], tokens.transcribe, tokens.no_timestamps]
    return dict(pcm=noise, lengths=np.array([kept]), silence_stride=np.array(stride), prompt=np.array([prompt]), sot_index=np.array(0),
                max_new=np.array([count]), masks=masks, forced=none, probe_ids=none, temperature=np.zeros(1, np.float32),
                seed=np.array([0]), timestamps=np.array(False), alignment_on=np.array(False))


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def measure(size: str, threads: int, rounds: int, folder: Path) -> list[dict]:
    weights = random_model(Path(), SIZES[size], dry=False)
    weights.alignment_heads = []
    bytes_of, sessions = {}, {}
    for precision in (*STORED, *TIMED):
        path = folder / f"{size}-{precision}" / "model.onnx"
        path.parent.mkdir()
        files = write_graph(weights, precision, "cpu", path)
        bytes_of[precision] = sum(file.stat().st_size for file in files)
        if precision in TIMED:
            sessions[precision] = open_session(path, threads)
        for file in files:
            file.unlink()  # a session has read its weights, or holds them mapped
    # One thread's own time, not the clock's: other programs take turns on the processor
    clock = time.process_time if threads == 1 else time.perf_counter
    cases = [(seconds, count) for seconds in SEGMENTS for count in (1, TOKENS)]
    requests = {case: request(weights, *case) for case in cases}
    best, turns, started = {}, 0, time.monotonic()
    while turns < rounds or time.monotonic() - started < LEAST_SECONDS:
        for case in cases:
            for precision in TIMED if turns % 2 else reversed(TIMED):
                begun = clock()
                sessions[precision].run(["tokens"], requests[case])
                best[precision, *case] = min(best.get((precision, *case), float("inf")), 1000 * (clock() - begun))
        turns += 1
    rows = []
    for precision in TIMED:
        for seconds in SEGMENTS:
            encoder, whole = best[precision, seconds, 1], best[precision, seconds, TOKENS]
            rows.append(dict(size=size, precision=precision, megabytes=round(bytes_of[precision] / 1e6, 1), seconds=seconds,
                             encoderMs=round(encoder, 1), decoderMs=round(whole - encoder, 1), ms=round(whole, 1)))
    for row in rows:
        plain = next(each for each in rows if each["precision"] == "fp32" and each["seconds"] == row["seconds"])
        row |= {f"{part}Faster": round(plain[key] / row[key], 2)
                for part, key in (("encoder", "encoderMs"), ("decoder", "decoderMs"), ("times", "ms"))}
    return [*rows, *(dict(size=size, precision=each, megabytes=round(bytes_of[each] / 1e6, 1)) for each in STORED)]


def main() -> None:
    threads, rounds, *sizes = sys.argv[1:]
    if unknown := set(sizes) - set(SIZES):
        sys.exit(f"precisions: {', '.join(unknown)}: choose of {', '.join(SIZES)}")
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(size, int(threads), int(rounds), Path(folder))
        print(f"{size} is measured", file=sys.stderr)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
