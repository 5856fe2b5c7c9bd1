"""faster_whisper_contestant.py FOLDER COMPUTE_TYPE THREADS [plain|vad|batched|words]: faster-whisper, greedy, behind the protocol
of contestant.ts; `vad` leaves out what is no speech, `batched` is its pipeline of 8 segments at once, `words` times every
word."""
import json
import resource
import sys
import time

from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.audio import decode_audio


def show(value: dict) -> None:
    print(json.dumps(value), flush=True)


folder, compute_type, threads, *rest = sys.argv[1:]
mode = rest[0] if rest else "plain"
started = time.perf_counter()
model = WhisperModel(folder, device="cpu", compute_type=compute_type, cpu_threads=int(threads))
batched = BatchedInferencePipeline(model)
show({"loadMilliseconds": (time.perf_counter() - started) * 1000})
for line in sys.stdin:
    started = time.perf_counter()
    audio = decode_audio(line.strip())
    decoded = time.perf_counter()
    if mode == "batched":
        segments, _ = batched.transcribe(audio, language="en", beam_size=1, batch_size=8)
    else:
        segments, _ = model.transcribe(
            audio, language="en", beam_size=1, vad_filter=mode == "vad", word_timestamps=mode == "words"
        )
    segments = list(segments)
    text = "".join(segment.text for segment in segments).strip()
    ended = time.perf_counter()
    show({
        "text": text, "engineMilliseconds": (ended - decoded) * 1000, "totalMilliseconds": (ended - started) * 1000,
        "words": [{"text": word.word, "startSeconds": float(word.start)}
                  for segment in segments for word in segment.words or []],
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    })
