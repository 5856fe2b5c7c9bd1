"""Recordings small enough to carry: Opus packets one after the other, by libopus through ctypes.

A pack is a folder of NAME.clips: for each clip a JSON line {"file", "samples", "sizes"} and its packets of 60 ms.
"""
from __future__ import annotations

import ctypes
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RATE, FRAME = 16_000, 960  # samples of a packet
DELAY = 104  # samples by which libopus is late at 16 kHz
VOIP, SET_BITRATE, SET_SIGNAL, VOICE = 2048, 4002, 4024, 3001
LARGEST = 1500  # bytes of a packet
HEAD = struct.Struct("<II")  # bytes of the JSON, bytes of the packets


def load(library: str) -> ctypes.CDLL:
    opus = ctypes.CDLL(library)
    for name in ("opus_encoder_create", "opus_decoder_create"):
        getattr(opus, name).restype = ctypes.c_void_p
    return opus


def encode(opus: ctypes.CDLL, samples: np.ndarray, bits_per_second: int) -> list[bytes]:
    """(samples,) float32 → packets, which hold DELAY more samples."""
    error = ctypes.c_int()
    state = ctypes.c_void_p(opus.opus_encoder_create(RATE, 1, VOIP, ctypes.byref(error)))
    opus.opus_encoder_ctl(state, SET_BITRATE, bits_per_second)
    opus.opus_encoder_ctl(state, SET_SIGNAL, VOICE)
    count = -(-(len(samples) + DELAY) // FRAME)
    padded = np.zeros(count * FRAME, np.float32)
    padded[: len(samples)] = samples
    buffer, packets = ctypes.create_string_buffer(LARGEST), []
    for frame in padded.reshape(count, FRAME):
        size = opus.opus_encode_float(state, frame.ctypes.data_as(ctypes.c_void_p), FRAME, buffer, LARGEST)
        if size < 0:
            raise ValueError(f"libopus cannot encode: error {size}")
        packets.append(buffer.raw[:size])
    opus.opus_encoder_destroy(state)
    return packets


def decode(opus: ctypes.CDLL, packets: list[bytes], count: int) -> np.ndarray:
    """→ (count,) int16."""
    error = ctypes.c_int()
    state = ctypes.c_void_p(opus.opus_decoder_create(RATE, 1, ctypes.byref(error)))
    samples = np.zeros((len(packets), FRAME), np.int16)
    for packet, frame in zip(packets, samples, strict=True):
        if (made := opus.opus_decode(state, packet, len(packet), frame.ctypes.data_as(ctypes.c_void_p), FRAME, 0)) != FRAME:
            raise ValueError(f"libopus made {made} samples of a packet, expected {FRAME}")
    opus.opus_decoder_destroy(state)
    return samples.reshape(-1)[DELAY : DELAY + count]


def write_clip(file, name: str, samples: int, packets: list[bytes], joined: list[tuple[str, str]]) -> None:
    """`joined`: name and sha256 of each recording that it was made of."""
    head = json.dumps({"file": name, "samples": samples, "joined": joined, "sizes": [len(packet) for packet in packets]}).encode()
    body = b"".join(packets)
    file.write(HEAD.pack(len(head), len(body)) + head + body)


def read_clips(path: Path) -> Iterator[tuple[str, int, list[bytes], tuple[tuple[str, str], ...]]]:
    """(name, samples, packets, recordings that it was made of) of each clip."""
    data, place = path.read_bytes(), 0
    while place < len(data):
        head_size, body_size = HEAD.unpack_from(data, place)
        place += HEAD.size
        head, body = json.loads(data[place : place + head_size]), data[place + head_size : place + head_size + body_size]
        place += head_size + body_size
        ends = np.cumsum(head["sizes"])
        packets = [body[end - size : end] for size, end in zip(head["sizes"], ends, strict=True)]
        yield head["file"], head["samples"], packets, tuple((name, sha256) for name, sha256 in head["joined"])
