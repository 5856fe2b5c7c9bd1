"""Log-mel in PyTorch, the numbers of graph_audio.py."""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from graph_audio import FFT, HOP, mel_filters


class LogMel(nn.Module):
    """pcm (B, N) float32, N a multiple of 160 → (B, N/160, mels) float32. Rows are normalised by their own maximum."""

    def __init__(self, mels: int) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FFT, dtype=torch.float64).float(), persistent=False)
        self.register_buffer("filters", torch.from_numpy(mel_filters(mels).T.copy()), persistent=False)  # (201, mels)

    def forward(self, pcm: Tensor) -> Tensor:
        with torch.autocast(pcm.device.type, enabled=False):  # halves cannot hold eight decades
            padded = functional.pad(pcm[:, None], (FFT // 2, FFT // 2), mode="reflect")[:, 0]
            frames = padded.unfold(1, FFT, HOP)[:, : pcm.shape[1] // HOP]  # (B, T, 400)
            # Not a product with cosines, as in the graph: in TF32 it would lose what lies 60 dB below the loudest
            power = torch.view_as_real(torch.fft.rfft(frames * self.window)).square().sum(-1)  # (B, T, 201)
            log = (power @ self.filters).clamp(min=1e-10).log() * (1 / math.log(10))  # (B, T, mels)
            return (torch.maximum(log, log.amax((1, 2), keepdim=True) - 8) + 4) * 0.25

