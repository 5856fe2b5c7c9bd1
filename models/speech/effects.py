"""What rooms, microphones and lines do to a voice, drawn from a generator of random numbers."""
from __future__ import annotations

import numpy as np

from speech.wav_file import RATE, resample


def disturb(voice: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(samples,) → (other samples,): a quarter of all voices stay clean."""
    samples = resample(voice, float(generator.uniform(0.92, 1.09)))  # speed and pitch together
    silence = [np.zeros(round(RATE * seconds), np.float32) for seconds in generator.uniform(0.05, 0.8, 2)]
    samples = np.concatenate([silence[0], samples, silence[1]])
    clean, roomy, narrow = generator.random() < 0.25, generator.random() < 0.5, generator.random() < 0.1
    if not clean and roomy:
        samples = reverberate(samples, float(generator.uniform(0.1, 0.6)), float(generator.uniform(0.1, 0.5)), generator)
    if not clean:
        samples = add_noise(samples, float(generator.uniform(8, 40)), float(generator.choice([0.0, 1.0, 2.0])), generator)
    if not clean and narrow:
        samples = pass_band(samples, 300, 3400)  # a telephone
    peak = float(np.abs(samples).max()) or 1.0
    return samples * (10 ** (float(generator.uniform(-18, -1)) / 20) / peak)


def reverberate(samples: np.ndarray, seconds: float, wet: float, generator: np.random.Generator) -> np.ndarray:
    """A room of noise that fades by 60 dB in `seconds`."""
    time = np.arange(round(RATE * seconds)) / RATE
    room = generator.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    room *= wet / np.sqrt((room ** 2).sum())
    room[0] += 1
    size = 1 << int(np.ceil(np.log2(len(samples) + len(room))))
    return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(room, size), size)[:len(samples)].astype(np.float32)


def add_noise(samples: np.ndarray, decibels: float, colour: float, generator: np.random.Generator) -> np.ndarray:
    """`decibels` is the signal over the noise; `colour` 0 white, 1 pink, 2 brown. It swells and fades a little."""
    size = 1 << int(np.ceil(np.log2(len(samples))))
    spectrum = np.fft.rfft(generator.standard_normal(size))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (colour / 2)
    spectrum[:max(1, 20 * size // RATE)] = 0  # below 20 Hz there is nothing to hear
    noise = np.fft.irfft(spectrum, size)[:len(samples)]
    swell = 1 + 0.5 * np.sin(2 * np.pi * (generator.uniform(0.05, 0.5) * np.arange(len(samples)) / RATE + generator.random()))
    noise *= swell
    loud = np.sqrt((samples ** 2).mean() / ((noise ** 2).mean() or 1) / 10 ** (decibels / 10))
    return (samples + noise * loud).astype(np.float32)


def pass_band(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    return np.fft.irfft(spectrum / (1 + (low / np.maximum(hertz, 1e-9)) ** 8) / (1 + (hertz / high) ** 8), len(samples)).astype(np.float32)
