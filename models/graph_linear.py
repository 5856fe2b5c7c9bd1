"""Linear layers in every precision, whole or factored, and the shared token embedding.

What each kind costs and keeps (tiny.en, facts in README.md):
  plain     MatMul in the graph's own type
  exact     the same, and the file keeps float32 where it would store plain weights as halves
  dynamic   DynamicQuantizeMatMul: int8 weights per column, activations quantised per tensor. The fastest on CPU, but the
            scale mixes the rows of a batch, so it serves only where one row of the batch is computed at a time (encoder).
  blocks8,  MatMulNBits: weights in blocks of 64 (8 bits) or 32,  activations quantised per row and block: rows stay
  blocks4   independent

A layer X is X.weight (out, in), or, factored, X.up.weight (out, rank) times X.down.weight (rank, in).
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from graph_pen import Constants, Pen

# Weights of one scale, by bits. A token reads every weight and scale once: in 8 bits blocks of 64 are 10 % less to read than
# blocks of 32 (README.md); in blocks of 128 onnxruntime adds up several rows in another order than one, and a batch would
# change its rows. 4 bits need the small ones. A layer takes the largest that its inputs fill
BLOCKS = {8: (64, 32), 4: (32,)}


class Layers:
    """Draws the layers of one half of the model. `kind` is that of all, or a call that says which kind a layer is."""

    def __init__(self, weights, dtype, kind: str | Callable[[str], str], fused: bool) -> None:
        self.weights, self.dtype, self.fused = weights, np.dtype(dtype), fused
        self.kind_of = kind if callable(kind) else lambda _: kind

    @property
    def head_size(self) -> int:
        return self.weights.dimensions.width // self.weights.dimensions.decoder_heads

    def heads(self, attention: str) -> int:
        """Heads of one attention, from its shape: a pruned layer has fewer than the model's dimensions say."""
        query = attention + ".q_proj"
        outputs = self.weights.tensor(query + (".up.weight" if self.factored(query) else ".weight"))
        return len(outputs) // self.head_size

    def constant(self, pen: Pen, name: str, array: np.ndarray) -> str:
        return pen.constants.add(name, np.asarray(array, self.dtype))

    def factored(self, key: str) -> bool:
        return self.weights.has(key + ".up.weight")

    def factors(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        return self.weights.tensor(key + ".up.weight"), self.weights.tensor(key + ".down.weight")

    def weight(self, key: str) -> np.ndarray:
        """(out, in), multiplied out where it is factored."""
        return np.matmul(*self.factors(key)) if self.factored(key) else self.weights.tensor(key + ".weight")

    def bias(self, key: str) -> np.ndarray | None:
        return self.weights.tensor(key + ".bias") if self.weights.has(key + ".bias") else None

    def linear(self, pen: Pen, x: str, key: str) -> str:
        """x (…, in) → (…, out)."""
        return self.project(pen, x, key, self.bias(key))

    def project(self, pen: Pen, x: str, key: str, bias: np.ndarray | None = None) -> str:
        """The layer's weight with another bias, or none."""
        kind = self.kind_of(key)
        if not self.factored(key):
            return self.product(pen, x, key, self.weight(key), bias, kind)
        up, down = self.factors(key)
        return self.product(pen, self.product(pen, x, key + ".down", down, None, kind), key + ".up", up, bias, kind)

    def product(self, pen: Pen, x: str, key: str, weight: np.ndarray, bias: np.ndarray | None, kind: str) -> str:
        """x (…, in) → x · weightᵀ + bias; `key` names the constants."""
        biases = [] if bias is None else [self.constant(pen, key + ".bias", bias)]
        if kind == "dynamic":
            values, scales = quantize_columns(weight)
            return pen.microsoft("DynamicQuantizeMatMul", x, pen.constants.add(key + ".int8", values.T),
                                 pen.constants.add(key + ".scale", scales, exact=True), "", *biases)
        if kind.startswith("blocks") and block_size(weight.shape[1], int(kind[-1])):  # 80 mels × 3 fill none: conv1 stays plain
            return self._blocks(pen, x, key, weight, biases, bits=int(kind[-1]))
        y = pen.op("MatMul", x, self._stored(pen, key + ".weight.T", weight.T, kind))
        return pen.op("Add", y, *biases) if biases else y

    def _stored(self, pen: Pen, name: str, array: np.ndarray, kind: str) -> str:
        return pen.constants.add(name, np.asarray(array, self.dtype), exact=kind == "exact")

    # ---- queries, keys and values of self-attention: one product, or three where they are factored or of several kinds
    def split_qkv(self, pen: Pen, x: str, layer: str) -> tuple[str, str, str]:
        """x (B, T, width) → queries, keys and values, each (B, T, inner)."""
        parts = qkv_parts(layer)
        if self._one_product(parts):
            return pen.op("Split", self.packed_qkv(pen, x, layer, self.qkv_bias(layer)), axis=-1, num_outputs=3, outputs=3)
        if not all(map(self.factored, parts)) or len({*map(self.kind_of, parts)}) > 1:
            return tuple(self.linear(pen, x, part) for part in parts)
        factors, kind = [self.factors(part) for part in parts], self.kind_of(parts[0])
        downs = self.product(pen, x, layer + "qkv.down", np.concatenate([down for _, down in factors]), None, kind)
        ranks = pen.op("Split", downs, pen.integer([len(down) for _, down in factors]), axis=-1, outputs=3)
        return tuple(self.product(pen, low, part + ".up", up, self.bias(part), kind)
                     for low, part, (up, _) in zip(ranks, parts, factors, strict=True))

    def packed_qkv(self, pen: Pen, x: str, layer: str, bias: np.ndarray | None) -> str:
        """x (B, T, width) → (B, T, 3 · inner), with `bias` (3 · inner) or none."""
        parts = qkv_parts(layer)
        if self._one_product(parts):
            weight = np.concatenate([self.weight(part) for part in parts])
            return self.product(pen, x, layer + "qkv", weight, bias, self.kind_of(parts[0]))
        biases = [None] * 3 if bias is None else np.split(bias, 3)
        return pen.concat(*[self.project(pen, x, *each) for each in zip(parts, biases, strict=True)], axis=-1)

    def _one_product(self, parts: list[str]) -> bool:
        return not any(map(self.factored, parts)) and len({*map(self.kind_of, parts)}) == 1

    def qkv_bias(self, layer: str) -> np.ndarray:
        """(3 · inner); Whisper's keys have no bias."""
        query, key, value = map(self.bias, qkv_parts(layer))
        return np.concatenate([query, np.zeros_like(query) if key is None else key, value])

    def _blocks(self, pen: Pen, x: str, key: str, weight, biases: list[str], bits: int) -> str:
        outputs, inputs = weight.shape
        values, scales = quantize_blocks(weight, bits)
        return pen.microsoft(
            "MatMulNBits", x, pen.constants.add(f"{key}.int{bits}", values),
            pen.constants.add(f"{key}.int{bits}.scale", scales), "", "", *biases,
            K=inputs, N=outputs, bits=bits, block_size=block_size(inputs, bits), accuracy_level=4)

    def norm_parameters(self, pen: Pen, key: str) -> tuple[str, str]:
        return (self.constant(pen, key + ".weight", self.weight(key)), self.constant(pen, key + ".bias", self.bias(key)))

    def norm(self, pen: Pen, x: str, key: str) -> str:
        return pen.op("LayerNormalization", x, *self.norm_parameters(pen, key), axis=-1, epsilon=1e-5)

    def linear_gelu(self, pen: Pen, x: str, key: str) -> str:
        if self.fused:
            return self._gelu(pen, self.project(pen, x, key), key)
        return pen.microsoft("Gelu", self.linear(pen, x, key))

    def product_gelu(self, pen: Pen, x: str, key: str, weight: np.ndarray) -> str:
        """linear_gelu of a layer whose weight (out, in) the graph multiplies in another shape than its tensor's."""
        if self.fused:
            return self._gelu(pen, self.product(pen, x, key, weight, None, self.kind_of(key)), key)
        return pen.microsoft("Gelu", self.product(pen, x, key, weight, self.bias(key), self.kind_of(key)))

    def _gelu(self, pen: Pen, y: str, key: str) -> str:
        return pen.microsoft("BiasGelu", y, self.constant(pen, key + ".bias", self.bias(key)))

    def linear_add_norm(self, pen: Pen, x: str, key: str, residual: str, norm: str,
                        bias: np.ndarray | None = None) -> tuple[str, str]:
        """Returns (norm(residual + linear(x)), residual + linear(x)), both (B, T, width). `bias` overrides the layer's own."""
        if not self.fused:  # on CPU the fused op is six times slower than its two parts
            total = pen.op("Add", residual, self.linear(pen, x, key))
            return self.norm(pen, total, norm), total
        outputs = [pen.fresh("norm"), "", "", pen.fresh("residual")]
        bias = self.bias(key) if bias is None else bias
        pen.microsoft("SkipLayerNormalization", self.project(pen, x, key), residual,
                      *self.norm_parameters(pen, norm), self.constant(pen, key + ".bias", bias),
                      outputs=outputs, epsilon=1e-5)
        return outputs[0], outputs[3]

    # ---- token embedding and logits: one copy of the matrix serves both
    EMBEDDING = "model.decoder.embed_tokens"

    def logits(self, pen: Pen, x: str) -> str:
        """x (B, T, width) → (B, T, vocabulary) float32."""
        embedding = self.weight(self.EMBEDDING)
        if self.fused:  # the matrix lies in the order that a step reads rows of it
            y = pen.microsoft("FusedMatMul", x, self.constant(pen, self.EMBEDDING + ".weight", embedding), transB=1)
            return y if self.dtype == np.float32 else pen.cast(y, np.float32)
        if self._embedding_is_plain():
            transposed = pen.op("MatMul", x, self._embedding_transposed(pen))
            return transposed if self.dtype == np.float32 else pen.cast(transposed, np.float32)
        return self._blocks(pen, x, self.EMBEDDING, embedding, [], bits=8)

    def _embedding_transposed(self, pen: Pen) -> str:
        return self._stored(pen, self.EMBEDDING + ".weight.T", self.weight(self.EMBEDDING).T, self.kind_of(self.EMBEDDING))

    def _embedding_is_plain(self) -> bool:
        return self.kind_of(self.EMBEDDING) in ("plain", "exact")

    def embed(self, pen: Pen, ids: str) -> str:
        """ids (B, T) → (B, T, width)."""
        width = self.weights.dimensions.width
        if self.fused:
            return pen.op("Gather", self.constant(pen, self.EMBEDDING + ".weight", self.weight(self.EMBEDDING)), ids)
        if self._embedding_is_plain():
            columns = pen.op("Gather", self._embedding_transposed(pen), ids, axis=1)  # (width, B, T)
            return pen.op("Transpose", columns, perm=[1, 2, 0])
        values, scales = quantize_blocks(self.weight(self.EMBEDDING), 8)
        rows = pen.op("Gather", pen.constants.add(self.EMBEDDING + ".int8", values), ids)  # (B, T, width/block, block)
        rows = pen.op("Sub", pen.cast(rows, np.float32), pen.float32(128.0))
        scale = pen.op("Gather", pen.constants.add(self.EMBEDDING + ".int8.scale", scales), ids)
        return pen.op("Reshape", pen.op("Mul", rows, pen.unsqueeze(scale, 3)), pen.integer([0, 0, width]))


def qkv_parts(layer: str) -> list[str]:
    return [f"{layer}self_attn.{name}_proj" for name in "qkv"]


def block_size(inputs: int, bits: int) -> int:
    """0 where the inputs fill no whole number of blocks."""
    return next((size for size in BLOCKS[bits] if inputs % size == 0), 0)


def quantize_columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(out, in) → int8 (out, in) and one float32 scale per output, symmetric."""
    scales = np.maximum(np.abs(weight).max(1) / 127, 1e-8).astype(np.float32)
    return np.clip(np.round(weight / scales[:, None]), -127, 127).astype(np.int8), scales


def quantize_blocks(weight: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """(out, in) → uint8 (out, in/block, block·bits/8) and float32 scales (out, in/block), as MatMulNBits reads them. The value
    of largest magnitude in a block maps to 0, so that its sign gets the longer half of the range."""
    outputs, inputs = weight.shape
    blocks = weight.reshape(outputs, -1, block_size(inputs, bits))
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    half = 2 ** (bits - 1)
    scales = (extreme / -half).astype(np.float16).astype(np.float32)  # stored as halves: round before dividing
    scales[scales == 0] = 1e-4
    values = np.clip(np.round(blocks / scales[..., None]) + half, 0, 2**bits - 1).astype(np.uint8)
    return (values if bits == 8 else values[..., 0::2] | (values[..., 1::2] << 4)), scales
