"""synthesize_words.py FOLDER: speech whose word times are known, by espeak-ng, which says at which sample each word begins
(Debian: apt-get install libespeak-ng1). Prints {"file", "words": [{"text", "startSeconds"}]} a line; of every voice one
recording per paragraph of alice.txt and one of all of them."""
import ctypes
import json
import sys
import wave
from pathlib import Path

VOICES = {"us": b"en-us", "gb": b"en", "us-female": b"en-us+f2"}
AUDIO_OUTPUT_SYNCHRONOUS = 2
CHARS_UTF8 = 1
LIST_TERMINATED, WORD = 0, 1


class Event(ctypes.Structure):
    """espeak_EVENT of espeak-ng/speak_lib.h"""
    _fields_ = [
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_uint64),
    ]


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))
pcm: list[bytes] = []
words: list[tuple[int, int, int]] = []


@Callback
def on_audio(samples, count, events) -> int:
    if samples and count > 0:
        pcm.append(ctypes.string_at(samples, 2 * count))
    index = 0
    while events[index].type != LIST_TERMINATED:
        event = events[index]
        if event.type == WORD:
            words.append((event.text_position - 1, event.length, event.sample))
        index += 1
    return 0


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
paragraphs = (Path(__file__).parent / "alice.txt").read_text().strip().split("\n\n")
espeak = ctypes.CDLL("libespeak-ng.so.1")
rate = espeak.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, None, 0)
espeak.espeak_SetSynthCallback(on_audio)
for name, voice in VOICES.items():
    if espeak.espeak_SetVoiceByName(voice) != 0:
        sys.exit(f"espeak-ng has no voice {voice.decode()}")
    for label, paragraph in [*enumerate(paragraphs, 1), ("all", "\n\n".join(paragraphs))]:
        text = " ".join(paragraph.split())
        pcm.clear()
        words.clear()
        data = text.encode()
        espeak.espeak_Synth(data, len(data) + 1, 0, 1, 0, CHARS_UTF8, None, None)
        espeak.espeak_Synchronize()
        path = folder / f"alice-{name}-{label}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(b"".join(pcm))
        spoken = [{"text": text[at:at + length], "startSeconds": round(sample / rate, 4)}
                  for at, length, sample in words if length > 0]
        print(json.dumps({"file": str(path), "words": spoken}))
