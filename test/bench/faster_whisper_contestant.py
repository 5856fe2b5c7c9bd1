"""faster_whisper_contestant.py FOLDER COMPUTE_TYPE THREADS [BEAM]: faster-whisper behind the protocol of contestant.ts."""
import json
import resource
import sys
import time

from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio


def show(value: dict) -> None:
    print(json.dumps(value), flush=True)


folder, compute_type, threads, *beam = sys.argv[1:]
started = time.perf_counter()
model = WhisperModel(folder, device="cpu", compute_type=compute_type, cpu_threads=int(threads))
show({"loadMilliseconds": (time.perf_counter() - started) * 1000})
for line in sys.stdin:
    started = time.perf_counter()
    audio = decode_audio(line.strip())
    decoded = time.perf_counter()
    segments, _ = model.transcribe(audio, language="en", beam_size=int(beam[0]) if beam else 1)
    text = "".join(segment.text for segment in segments).strip()
    ended = time.perf_counter()
    show({
        "text": text, "engineMilliseconds": (ended - decoded) * 1000, "totalMilliseconds": (ended - started) * 1000,
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    })
