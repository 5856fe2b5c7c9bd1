"""Drives Deepgram's own client against a server; prints one line for each thing that went well or was refused.

Usage: python deepgram_client.py http://127.0.0.1:8000 speech.flac
"""

import sys

from deepgram import DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment

address, path = sys.argv[1:]
places = DeepgramClientEnvironment(base=address, production=address, agent=address, agent_rest=address)
media = DeepgramClient(api_key="none", environment=places).listen.v1.media
recording = open(path, "rb").read()

for options in (
    {},
    {"language": "en-US", "smart_format": True, "utterances": True},
    {"multichannel": True, "detect_language": True},
    {"replace": ["fellow americans:citizens"], "keyterm": ["Kennedy"], "tag": ["speech"], "extra": ["a:b"]},
):
    answer = media.transcribe_file(request=recording, model="nova-3", **options)
    channel = answer.results.channels[0]
    text = channel.alternatives[0].transcript
    assert "what you can do for your country" in text, text
    assert ("citizens" in text) == ("replace" in options), text
    assert answer.metadata.duration == 11 and len(channel.alternatives[0].words) > 15, answer.metadata
    assert bool(answer.results.utterances) == ("utterances" in options), answer.results
    print("done", *options)

for options, status in (({"diarize": True}, 400), ({"replace": ["no colon"]}, 400)):
    try:
        media.transcribe_file(request=recording, model="nova-3", **options)
    except ApiError as error:
        assert error.status_code == status, error
        print("refused", *options)
