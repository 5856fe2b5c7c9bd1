"""PCM → log-mel, as openai/whisper's audio.py: 25 ms Hann windows every 10 ms, Slaney mel filters, 8 decades of range."""
from __future__ import annotations

import numpy as np

from graph_pen import Pen

FFT, HOP, RATE = 400, 160, 16_000


def log_mel(pen: Pen, pcm: str, mels: int) -> str:
    """pcm (B, N) float32, N a multiple of 160 → (B, N/160, mels) float32. Rows are normalised by their own maximum."""
    padded = pen.op("Pad", pen.unsqueeze(pcm, 1), pen.integer([0, 0, FFT // 2, 0, 0, FFT // 2]), mode="reflect")
    padded = pen.op("Pad", pen.op("Squeeze", padded, pen.integer([1])), pen.integer([0, 0, 0, HOP // 2]))
    hops = pen.op("Reshape", padded, pen.integer([0, -1, HOP]))  # (B, T + 3, 160); a frame is 2.5 hops
    frames = pen.concat(  # (B, T, 400)
        pen.slice(hops, 0, -3, 1), pen.slice(hops, 1, -2, 1),
        pen.slice(pen.slice(hops, 2, -1, 1), 0, FFT - 2 * HOP, 2), axis=-1)
    # The Fourier transform as a matrix: no Conv, so CUDA needs no cuDNN
    spectrum = pen.op("MatMul", frames, pen.constants.add("fourier", fourier_matrix(), exact=True))
    squares = pen.op("Mul", spectrum, spectrum)  # (B, T, 402): real parts, then imaginary parts
    filters = np.concatenate([mel_filters(mels)] * 2, axis=1)  # adds the two squares inside the same MatMul
    mel = pen.op("MatMul", squares, pen.constants.add("mel filters", filters.T, exact=True))
    log = pen.op("Log", pen.op("Max", mel, pen.float32(1e-10)))
    log = pen.op("Mul", log, pen.float32(float(np.float32(1 / np.log(10)))))
    floor = pen.op("Sub", pen.op("ReduceMax", log, pen.integer([1, 2]), keepdims=1), pen.float32(8.0))
    return pen.op("Mul", pen.op("Add", pen.op("Max", log, floor), pen.float32(4.0)), pen.float32(0.25))


def fourier_matrix() -> np.ndarray:
    """(400, 402) float32: cosines and sines of 201 frequencies, each times the periodic Hann window."""
    time, frequency = np.arange(FFT)[:, None], np.arange(FFT // 2 + 1)[None]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * time / FFT)
    angle = 2 * np.pi * frequency * time / FFT
    return np.concatenate([np.cos(angle) * window, -np.sin(angle) * window], axis=1).astype(np.float32)


def mel_filters(mels: int) -> np.ndarray:
    """(mels, 201) float32, equal to librosa.filters.mel with its defaults (Slaney), which Whisper ships."""

    def to_mel(hertz):
        return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1e-9) / 1000) / np.log(6.4))

    def to_hertz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))

    edges = to_hertz(np.linspace(to_mel(np.array(0.0)), to_mel(np.array(RATE / 2)), mels + 2))
    frequencies, widths = np.linspace(0, RATE / 2, FFT // 2 + 1), np.diff(edges)
    ramps = edges[:, None] - frequencies[None]
    triangles = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
