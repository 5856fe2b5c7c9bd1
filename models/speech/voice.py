"""Where somebody speaks: the kit's own voice detector (Silero VAD v6), as layers/media/voice runs it."""
from __future__ import annotations

from pathlib import Path

import numpy as np

MODEL = Path(__file__).parents[2] / "layers" / "media" / "silero-vad-v6.onnx"
WINDOW, CONTEXT = 512, 64  # samples: 32 ms, and what comes before them
BLOCK = 4096  # windows of one run


def voice_probabilities(samples: np.ndarray) -> np.ndarray:
    """(samples,) float32 at 16 kHz → (windows,) 0 to 1, one for each 32 ms; the last is padded with zeros."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3  # the model is small: more threads are slower
    session = onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
    count = -(-len(samples) // WINDOW)
    padded = np.concatenate([np.zeros(CONTEXT, np.float32), samples, np.zeros(count * WINDOW - len(samples), np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW + CONTEXT)[::WINDOW]  # (windows, 576)
    h, c = (np.zeros((1, 1, 128), np.float32) for _ in range(2))
    found = []
    for start in range(0, count, BLOCK):
        block, h, c = session.run(["speech_probs", "hn", "cn"], {"input": np.ascontiguousarray(windows[start:start + BLOCK]), "h": h, "c": c})
        found.append(block.reshape(-1))
    return np.concatenate(found) if found else np.zeros(0, np.float32)
