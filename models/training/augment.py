"""What rooms, microphones, lines and neighbours do to clips that are on the device already: other chances at every step.

Lengths stay, so timestamps stay true. What comes after a clip stays silence, as the engine gives it.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor

RATE = 16_000
ROOM = 8192  # samples of the longest room's answer, 0.5 s
ROOMY, NOISY, NARROW, CROWDED = 0.35, 0.5, 0.2, 0.1  # shares of the clips that are changed
CHANGED = 0.75  # of all


def augment(pcm: Tensor, lengths: Tensor, random: torch.Generator) -> Tensor:
    """pcm (B, N) float32 with `lengths` (B) samples each → the same shape. `random` is of the same device."""
    rows, columns = pcm.shape
    device = pcm.device

    def chance() -> Tensor:
        return torch.rand(rows, 1, generator=random, device=device)

    def uniform(low: float, high: float, share: float = 1.0) -> Tensor:
        """(B, 1); without effect (`low`) for all but `share` of the rows."""
        values = low + (high - low) * chance()
        return torch.where(chance() < share, values, low)

    inside = torch.arange(columns, device=device)[None] < lengths[:, None].to(device)
    power = (pcm.square().sum(1, keepdim=True) / lengths[:, None].to(device)).clamp(min=1e-10)  # (B, 1)
    size = fast_size(columns + ROOM)
    spectrum = torch.fft.rfft(pcm, size)
    hertz = torch.linspace(0, RATE / 2, spectrum.shape[1], device=device)[None]

    wet, seconds = uniform(0.0, 0.5, ROOMY), uniform(0.08, 0.45)
    time = torch.arange(ROOM, device=device)[None] / RATE
    room = torch.randn(rows, ROOM, generator=random, device=device) * 10 ** (-3 * time / seconds)  # fades by 60 dB
    room *= wet / room.norm(dim=1, keepdim=True)
    room[:, 0] = 1
    low, high = uniform(30, 350, NARROW), 8000 - uniform(0, 4600, NARROW)
    band = 1 / (1 + (low / hertz.clamp(min=1)) ** 8) / (1 + (hertz / high) ** 16)
    heard = torch.fft.irfft(spectrum * torch.fft.rfft(room, size) * band, size)[:, :columns]

    quiet = 10 ** (-uniform(60, 2, NOISY) / 20)  # noise over voice, in amplitude: 60 dB below where there is none
    colour = uniform(0, 2)
    noise_size = fast_size(columns)
    noise = torch.fft.rfft(torch.randn(rows, noise_size, generator=random, device=device))
    noise *= (torch.arange(noise.shape[1], device=device)[None].clamp(min=max(1, 20 * noise_size // RATE)) / noise_size) ** (-colour / 2)
    noise = torch.fft.irfft(noise, noise_size)[:, :columns]
    heard = heard + noise / noise.square().mean(1, keepdim=True).sqrt() * power.sqrt() * quiet * 0.8

    neighbour = pcm.roll(1, 0)  # somebody else, far away
    loud = 10 ** (-uniform(60, 10, CROWDED) / 20)
    heard = heard + neighbour * (power / power.roll(1, 0)).sqrt() * loud

    gain = 10 ** (uniform(-14, 0) / 20) / heard.abs().amax(1, keepdim=True).clamp(min=1e-6)
    level = pcm.abs().amax(1, keepdim=True)
    told = torch.where(chance() < CHANGED, heard * gain, pcm * (0.3 + 0.7 * chance()))
    return torch.where(inside & (level > 0), told, pcm)


def fast_size(size: int) -> int:
    """At least `size`, and quick for the FFT: an eighth of a power of two."""
    step = 2 ** max(0, math.ceil(math.log2(size)) - 3)
    return -(-size // step) * step
