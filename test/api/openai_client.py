"""Drives OpenAI's own client against a server; prints one line for each thing that went well.

Usage: python openai_client.py http://127.0.0.1:8000/v1 speech.flac
"""

import sys

from openai import BadRequestError, OpenAI

base_url, speech = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key="none", max_retries=0)
SAID = "ask not what your country"


def transcribe(**options):
    with open(speech, "rb") as file:
        return client.audio.transcriptions.create(file=file, model="whisper-1", **options)


def passed(name):
    print(f"ok {name}")


answer = transcribe()
assert SAID in answer.text and answer.usage.seconds == 11, answer
passed("json")

for format in ("text", "srt", "vtt"):
    text = transcribe(response_format=format)
    assert isinstance(text, str) and SAID in text, text
    passed(format)

for granularities in (None, ["segment"], ["word"], ["word", "segment"]):
    options = {} if granularities is None else {"timestamp_granularities": granularities}
    verbose = transcribe(response_format="verbose_json", **options)
    wanted = granularities or ["segment"]
    assert (verbose.segments is not None) == ("segment" in wanted), verbose
    assert (verbose.words is not None) == ("word" in wanted), verbose
    assert verbose.duration == 11 and verbose.language == "english", verbose
    passed(f"verbose_json {granularities}")

for include in (None, ["logprobs"]):
    options = {} if include is None else {"include": include}
    events = list(transcribe(stream=True, **options))
    deltas = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert events[-1].type == "transcript.text.done" and events[-1].text.strip() == deltas.strip(), events
    assert SAID in deltas, deltas
    passed(f"stream {include}")

assert "whisper-tiny.en-int8" in [model.id for model in client.models.list()]
passed("models")

try:
    client.audio.transcriptions.create(file=("a.wav", b"no media"), model="whisper-1")
    raise AssertionError("it took what is no media")
except BadRequestError as error:
    assert error.status_code == 400 and error.request_id.startswith("req_"), error
    passed("error")
