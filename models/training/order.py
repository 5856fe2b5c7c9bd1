"""Which clips each step sees: a pure function of the seed and the step, so that nothing but the step must be kept to go on."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weights import ModelError

BUCKET = 16  # batches whose clips are sorted by length among themselves, so that little is padded


class Order:
    """`seconds` of each clip; each step takes `size` of them, over all processes."""

    def __init__(self, seconds: Sequence[float], size: int, seed: int) -> None:
        if not len(seconds):
            raise ModelError("there are no clips to learn from: give a longer manifest, or hold out fewer")
        self.seconds, self.size, self.seed = np.array(seconds), size, seed
        self.steps_per_epoch = -(-len(seconds) // size)
        self.epoch, self.batches = -1, np.zeros((0, size), np.int64)

    def step(self, step: int) -> list[int]:
        """The clips of a step, counted from 0."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            self.epoch, self.batches = epoch, self.shuffle(epoch)
        return self.batches[place].tolist()

    def shuffle(self, epoch: int) -> np.ndarray:
        """All clips once, and some twice where they do not fill the last batch: (steps of an epoch, size)."""
        random = np.random.default_rng([self.seed, epoch])
        clips = np.resize(random.permutation(len(self.seconds)), self.steps_per_epoch * self.size)
        for start in range(0, len(clips), BUCKET * self.size):
            bucket = clips[start : start + BUCKET * self.size]
            bucket[:] = bucket[np.argsort(self.seconds[bucket], kind="stable")]
        batches = clips.reshape(-1, self.size)
        return batches[random.permutation(len(batches))]

    def timed(self, step: int) -> np.ndarray:
        """bool (size): which clips of the step are learnt with timestamps, where both are known."""
        return np.random.default_rng([self.seed, step, 1]).random(self.size) < 0.5
