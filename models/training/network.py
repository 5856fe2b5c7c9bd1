"""Whisper in PyTorch, for training: the numbers that graph.py's fp32 graph computes, from the same weights."""
from __future__ import annotations

import dataclasses
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from edit_weights import with_tensors
from training.context import Context
from training.layers import Convolution, Embedding, KeysValues, Layer, Norm, Weight
from training.log_mel import LogMel
from weights import WhisperWeights


class Output(NamedTuple):
    logits: Tensor  # float32 (B, S, vocabulary), or (n, vocabulary) of the n positions asked for
    encoder_states: list[Tensor]  # after each layer, (B, L, width); none where the encoding was given
    decoder_states: list[Tensor]  # after each layer, (B, S, width)


class Encoder(nn.Module):
    def __init__(self, weights: WhisperWeights) -> None:
        super().__init__()
        sizes, key = weights.dimensions, "model.encoder"
        self.log_mel = LogMel(sizes.mels)
        self.conv1, self.conv2 = Convolution(weights, key + ".conv1", 1), Convolution(weights, key + ".conv2", 2)
        self.embed_positions = Weight(weights, key + ".embed_positions")
        self.embed_positions.weight.requires_grad = False  # sinusoids, in every Whisper
        head_size = sizes.width // sizes.encoder_heads
        self.layers = nn.ModuleList(
            Layer(weights, f"{key}.layers.{index}", head_size, cross=False) for index in range(sizes.encoder_layers))
        self.layer_norm = Norm(weights, key + ".layer_norm")

    def forward(self, pcm: Tensor, context: Context) -> tuple[Tensor, list[Tensor]]:
        """pcm (B, L · 320), zero padded → (B, L, width), and the states after each layer."""
        frames = context.seen.repeat_interleave(2, dim=1)[..., None]  # a row ends where it would end alone
        x = functional.gelu(self.conv1(self.log_mel(pcm) * frames)) * frames  # (B, 2 L, width)
        x = functional.gelu(self.conv2(x)) + self.embed_positions.weight[context.positions]  # (B, L, width)
        states = []
        for layer in self.layers:
            normed = layer.self_attn_layer_norm(x)
            keys_values = layer.self_attn.keys_values(normed, context.seen)
            x = x + layer.self_attn(normed, keys_values, context.score_bias, seen=context.seen)
            x = layer.feed_forward(x, context.seen)
            states.append(x)
        return self.layer_norm(x), states


class Decoder(nn.Module):
    def __init__(self, weights: WhisperWeights) -> None:
        super().__init__()
        sizes, key = weights.dimensions, "model.decoder"
        self.embed_tokens = Embedding(weights, key + ".embed_tokens")
        self.embed_positions = Weight(weights, key + ".embed_positions")
        head_size = sizes.width // sizes.decoder_heads
        self.layers = nn.ModuleList(
            Layer(weights, f"{key}.layers.{index}", head_size, cross=True) for index in range(sizes.decoder_layers))
        self.layer_norm = Norm(weights, key + ".layer_norm")

    def read(self, encoded: Tensor, context: Context) -> list[KeysValues]:
        """What each layer's cross-attention sees of the audio."""
        return [layer.encoder_attn.keys_values(encoded, context.seen) for layer in self.layers]

    def forward(self, tokens: Tensor, audio: list[KeysValues], context: Context,
                past: list[KeysValues] | None = None) -> tuple[Tensor, list[Tensor], list[KeysValues]]:
        """tokens (B, S) after `past` → (B, S, width), the states after each layer, and the past of the next call. With
        a past, S is 1."""
        start = past[0][0].shape[2] if past else 0
        x = self.embed_tokens(tokens) + self.embed_positions.weight[start : start + tokens.shape[1]]  # (B, S, width)
        states, present = [], []
        for index, layer in enumerate(self.layers):
            normed = layer.self_attn_layer_norm(x)
            keys_values = layer.self_attn.keys_values(normed)
            if past:
                keys_values = tuple(torch.cat(pair, dim=2) for pair in zip(past[index], keys_values, strict=True))
            present.append(keys_values)
            x = x + layer.self_attn(normed, keys_values, causal=not past)
            x = x + layer.encoder_attn(layer.encoder_attn_layer_norm(x), audio[index], context.score_bias)
            x = layer.feed_forward(x)
            states.append(x)
        return self.layer_norm(x), states, present


class Whisper(nn.Module):
    """Built from WhisperWeights of any shape: pruned, factored, with fewer layers."""

    def __init__(self, weights: WhisperWeights) -> None:
        super().__init__()
        self.dimensions = weights.dimensions
        self.model = nn.ModuleDict({"encoder": Encoder(weights), "decoder": Decoder(weights)})

    @property
    def encoder(self) -> Encoder:
        return self.model["encoder"]

    @property
    def decoder(self) -> Decoder:
        return self.model["decoder"]

    def forward(self, pcm: Tensor, context: Context, tokens: Tensor, at: Tensor | None = None,
                encoded: Tensor | None = None) -> Output:
        """pcm (B, L · 320) and tokens (B, S) → logits, of the positions `at` (bool, B, S) where given. `encoded`
        (B, L, width) takes the place of the encoder."""
        states: list[Tensor] = []
        if encoded is None:
            encoded, states = self.encoder(pcm, context)
        hidden, decoder_states, _ = self.decoder(tokens, self.decoder.read(encoded, context), context)
        return Output(self.decoder.embed_tokens.logits(hidden if at is None else hidden[at]), states, decoder_states)

    def to_weights(self, template: WhisperWeights) -> WhisperWeights:
        """`template` with this network's parameters in place of its tensors."""
        found = {name: value.detach().float().cpu().numpy() for name, value in self.named_parameters()}
        removed = template.tensors.keys() - found.keys()  # proj_out, a second name of the embedding
        return with_tensors(template, found, removed, dataclasses.replace(self.dimensions))
