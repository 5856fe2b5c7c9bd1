"""The layers of Whisper in PyTorch: parameters under their Hugging Face names, in the shapes that the weights have."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.fake_quantize import FakeQuantize

KeysValues = tuple[Tensor, Tensor]  # each (B, heads, T, head size)


def parameter(weights, name: str) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(weights.tensor(name)).clone())


class Weight(nn.Module):
    """One matrix, `weight`."""

    def __init__(self, weights, key: str) -> None:
        super().__init__()
        self.weight = parameter(weights, key + ".weight")


class Product(nn.Module):
    """x · weightᵀ + bias, whole or factored; `fake` rounds both factors as a build would."""

    def __init__(self, weights, key: str) -> None:
        super().__init__()
        self.key, self.fake = key, FakeQuantize("plain")
        if weights.has(key + ".up.weight"):
            self.down, self.up = Weight(weights, key + ".down"), Weight(weights, key + ".up")
        else:
            self.weight = parameter(weights, key + ".weight")
        self.bias = parameter(weights, key + ".bias") if weights.has(key + ".bias") else None

    @property
    def outputs(self) -> int:
        return len(self.up.weight if hasattr(self, "up") else self.weight)

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None, seen: Tensor | None) -> Tensor:
        if self.fake.plain_for(weight.shape[1]):
            return functional.linear(x, weight, bias)
        with torch.autocast(x.device.type, enabled=False):  # halves would blur the steps that are to be learnt
            return functional.linear(self.fake.input(x.float(), seen), self.fake.weight(weight), bias)


class Linear(Product):
    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """x (B, T, in) → (B, T, out). `seen` (B, T) says which positions a row has."""
        if hasattr(self, "up"):
            return self.product(self.product(x, self.down.weight, None, seen), self.up.weight, self.bias, seen)
        return self.product(x, self.weight, self.bias, seen)


class Convolution(Product):
    """Conv1d (kernel 3, padding 1) as the graph has it: a product over shifted slices."""

    def __init__(self, weights, key: str, stride: int) -> None:
        super().__init__(weights, key)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, in) → (B, T/stride, out)."""
        padded = functional.pad(x, (0, 0, 1, 1))
        shifted = [padded[:, start : start + x.shape[1] : self.stride] for start in range(3)]
        return self.product(torch.cat(shifted, dim=-1), self.weight.permute(0, 2, 1).flatten(1), self.bias, None)


class Embedding(nn.Module):
    """The token embedding, which makes the logits too."""

    def __init__(self, weights, key: str) -> None:
        super().__init__()
        self.key, self.fake = key, FakeQuantize("plain")
        self.weight = parameter(weights, key + ".weight")

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens (B, T) → (B, T, width)."""
        return functional.embedding(tokens, self.fake.weight(self.weight))

    def logits(self, x: Tensor) -> Tensor:
        """x (…, width) → (…, vocabulary) float32."""
        if self.fake.plain_for(x.shape[-1]):
            return functional.linear(x, self.weight).float()
        with torch.autocast(x.device.type, enabled=False):
            return functional.linear(self.fake.input(x.float(), None), self.fake.weight(self.weight))


class Norm(nn.LayerNorm):
    def __init__(self, weights, key: str) -> None:
        super().__init__(weights.dimensions.width)
        self.weight, self.bias = parameter(weights, key + ".weight"), parameter(weights, key + ".bias")


class Attention(nn.Module):
    def __init__(self, weights, key: str, head_size: int) -> None:
        super().__init__()
        self.head_size = head_size
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, Linear(weights, f"{key}.{name}"))

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.head_size)).transpose(1, 2)  # (B, heads, T, head size)

    def keys_values(self, x: Tensor, seen: Tensor | None = None) -> KeysValues:
        return self.split(self.k_proj(x, seen)), self.split(self.v_proj(x, seen))

    def forward(self, x: Tensor, keys_values: KeysValues, score_bias: Tensor | None = None, causal: bool = False,
                seen: Tensor | None = None) -> Tensor:
        """x (B, T, width) → (B, T, width). `score_bias` (B, 1, 1, keys) is added to the scores."""
        query = self.split(self.q_proj(x, seen))
        key, value = (each.to(query.dtype) for each in keys_values)  # layers that are rounded stay in float32
        mask = None if score_bias is None else score_bias.to(query.dtype).expand(-1, -1, query.shape[2], -1)
        attended = functional.scaled_dot_product_attention(query, key, value, mask, is_causal=causal)
        return self.out_proj(attended.transpose(1, 2).flatten(2), seen)


class Layer(nn.Module):
    """One layer of the encoder, or of the decoder where `encoder_attn` is there."""

    def __init__(self, weights, key: str, head_size: int, cross: bool) -> None:
        super().__init__()
        for name in ("self_attn", "encoder_attn")[: 1 + cross]:
            setattr(self, name, Attention(weights, f"{key}.{name}", head_size))
            setattr(self, f"{name}_layer_norm", Norm(weights, f"{key}.{name}_layer_norm"))
        self.fc1, self.fc2 = Linear(weights, f"{key}.fc1"), Linear(weights, f"{key}.fc2")
        self.final_layer_norm = Norm(weights, f"{key}.final_layer_norm")

    def feed_forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        return x + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(x), seen)), seen)
