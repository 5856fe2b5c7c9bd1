"""Whisper written out in numpy, float32 and greedy: the reference for weights that no other implementation can hold.

Layers that were pruned have tensors of other sizes, factored ones two in place of one: CTranslate2 and transformers take neither.
So this follows openai/whisper's model.py and decoding.py line by line, whatever the sizes are, and knows nothing of graph*.py.
For weights that CTranslate2 can hold it gives CTranslate2's tokens: tests/test_plain_whisper.py.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from manifest import Manifest
from reference import FIRST_TIMESTAMP_LIMIT, log_mel
from run_graph import forbidden, token_limit
from weights import WhisperWeights

# erf by W. J. Cody's kind of fit (Numerical Recipes, 6.2): off by 1.2e-7 at most
ERF = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277]


def gelu(x: np.ndarray) -> np.ndarray:
    scaled = np.abs(x) * np.float32(0.5 ** 0.5)
    t = 1 / (1 + scaled / 2)
    tail = t * np.exp(-scaled * scaled + np.polynomial.polynomial.polyval(t, np.float32(ERF)))  # erfc
    return x * np.where(x >= 0, 1 - tail / 2, tail / 2)


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class PlainWhisper:
    def __init__(self, weights: WhisperWeights, manifest: Manifest) -> None:
        self.weights, self.manifest = weights, manifest
        self.head_size = weights.dimensions.width // weights.dimensions.encoder_heads
        self.read: dict[str, np.ndarray] = {}
        self.heard: tuple[np.ndarray, np.ndarray] | None = None  # the last audio and its encoding: both passes share them
        self.name = f"openai/whisper written out in numpy {np.__version__}, float32, greedy"

    def tensor(self, name: str) -> np.ndarray:
        if name not in self.read:
            self.read[name] = self.weights.tensor(name)
        return self.read[name]

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        """(..., in) → (..., out)"""
        if self.weights.has(f"{name}.down.weight"):
            y = x @ self.tensor(f"{name}.down.weight").T @ self.tensor(f"{name}.up.weight").T
        else:
            y = x @ self.tensor(f"{name}.weight").T
        return y + self.tensor(f"{name}.bias") if self.weights.has(f"{name}.bias") else y

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-5)) * self.tensor(f"{name}.weight") + self.tensor(f"{name}.bias")

    def heads(self, x: np.ndarray) -> np.ndarray:
        """(positions, heads × size) → (heads, positions, size)"""
        return x.reshape(len(x), -1, self.head_size).transpose(1, 0, 2)

    def attend(self, name: str, x: np.ndarray, keys: np.ndarray, values: np.ndarray, past: int | None = None) -> np.ndarray:
        """x (T, d), keys and values (heads, S, size) → (T, d). With `past`, position t sees the first past + t + 1."""
        queries = self.heads(self.linear(f"{name}.q_proj", x)) * np.float32(self.head_size ** -0.5)
        scores = queries @ keys.transpose(0, 2, 1)  # (heads, T, S)
        if past is not None:
            scores = np.where(np.arange(scores.shape[2])[None] <= past + np.arange(len(x))[:, None], scores, np.float32(-np.inf))
        mixed = softmax(scores) @ values  # (heads, T, size)
        return self.linear(f"{name}.out_proj", mixed.transpose(1, 0, 2).reshape(len(x), -1))

    def keys_values(self, name: str, x: np.ndarray) -> list[np.ndarray]:
        return [self.heads(self.linear(f"{name}.{which}_proj", x)) for which in "kv"]

    def feed_forward(self, layer: str, x: np.ndarray) -> np.ndarray:
        return x + self.linear(f"{layer}.fc2", gelu(self.linear(f"{layer}.fc1", self.norm(f"{layer}.final_layer_norm", x))))

    def convolve(self, name: str, x: np.ndarray, stride: int) -> np.ndarray:
        """x (channels, T) → (channels, T / stride), a kernel of 3, padded by 1."""
        padded = np.pad(x, ((0, 0), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]  # (channels, T / stride, 3)
        kernel = self.tensor(f"{name}.weight")
        columns = windows.transpose(1, 0, 2).reshape(windows.shape[1], -1)
        return gelu((columns @ kernel.reshape(len(kernel), -1).T + self.tensor(f"{name}.bias")).T)

    def encode(self, mel: np.ndarray) -> np.ndarray:
        """mel (mels, 3000) → (1500, d)"""
        x = self.convolve("model.encoder.conv2", self.convolve("model.encoder.conv1", mel, 1), 2).T
        x = x + self.tensor("model.encoder.embed_positions.weight")
        for index in range(self.weights.dimensions.encoder_layers):
            layer = f"model.encoder.layers.{index}"
            normed = self.norm(f"{layer}.self_attn_layer_norm", x)
            x = x + self.attend(f"{layer}.self_attn", normed, *self.keys_values(f"{layer}.self_attn", normed))
            x = self.feed_forward(layer, x)
        return self.norm("model.encoder.layer_norm", x)

    def decoder(self, encoded: np.ndarray) -> Callable[[list[int]], np.ndarray]:
        """A call that takes the next tokens and gives the logits (vocabulary,) after the last of them."""
        layers = [f"model.decoder.layers.{index}" for index in range(self.weights.dimensions.decoder_layers)]
        cross = [self.keys_values(f"{layer}.encoder_attn", encoded) for layer in layers]
        cache: list[list[np.ndarray] | None] = [None] * len(layers)
        embedding = self.tensor("model.decoder.embed_tokens.weight")
        past = 0

        def step(tokens: list[int]) -> np.ndarray:
            nonlocal past
            x = embedding[tokens] + self.tensor("model.decoder.embed_positions.weight")[past:past + len(tokens)]
            for index, layer in enumerate(layers):
                normed = self.norm(f"{layer}.self_attn_layer_norm", x)
                new = self.keys_values(f"{layer}.self_attn", normed)
                before = cache[index]
                cache[index] = new if before is None else [np.concatenate(pair, axis=1) for pair in zip(before, new)]
                x = x + self.attend(f"{layer}.self_attn", normed, *cache[index], past=past)
                x = x + self.attend(f"{layer}.encoder_attn", self.norm(f"{layer}.encoder_attn_layer_norm", x), *cross[index])
                x = self.feed_forward(layer, x)
            past += len(tokens)
            return embedding @ self.norm("model.decoder.layer_norm", x[-1])
        return step

    def transcribe(self, audio: np.ndarray, prompt: list[int], timestamps: bool) -> list[int]:
        """audio (480000,) float32 → new tokens, without the end token."""
        if self.heard is None or self.heard[0] is not audio:
            self.heard = (audio, self.encode(log_mel(audio, self.manifest.dimensions.mels)[0]))
        step = self.decoder(self.heard[1])
        never, end, new = forbidden(self.manifest, timestamps), self.manifest.tokens.end_of_text, list(prompt)
        found: list[int] = []
        for _ in range(token_limit(self.manifest)):
            logits = step(new)
            logits[never] = -np.inf
            if not found:
                logits[self.manifest.suppress_at_begin] = -np.inf
            if timestamps:
                apply_timestamp_rules(logits, found, self.manifest.tokens.timestamp_begin, end)
            token = int(logits.argmax())
            if token == end:
                break
            found.append(token)
            new = [token]
        return found


def apply_timestamp_rules(logits: np.ndarray, found: list[int], begin: int, end: int) -> None:
    """openai/whisper's ApplyTimestampRules, in place: timestamps come in pairs, never go back, and the first is at most 1 s."""
    last = bool(found) and found[-1] >= begin
    last_but_one = len(found) < 2 or found[-2] >= begin
    if last:
        if last_but_one:  # a pair is complete: text follows
            logits[begin:] = -np.inf
        else:  # it needs its second half, or the end
            logits[:end] = -np.inf
    said = [token for token in found if token >= begin]
    if said:
        logits[begin:said[-1] + (0 if last and not last_but_one else 1)] = -np.inf
    if not found:
        logits[:begin] = -np.inf
        logits[begin + FIRST_TIMESTAMP_LIMIT + 1:] = -np.inf
    times, texts = logits[begin:], logits[:begin]
    if times.max() > -np.inf and np.log(np.exp(times - times.max()).sum()) + times.max() > texts.max():
        logits[:begin] = -np.inf
