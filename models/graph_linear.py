"""Linear layers in every precision, and the shared token embedding.

What each kind costs and keeps (tiny.en, facts in README.md):
  plain     MatMul in the graph's own type
  dynamic   DynamicQuantizeMatMul: int8 weights per column, activations quantised per tensor. The fastest on CPU, but the
            scale mixes the rows of a batch, so it serves only where one row of the batch is computed at a time (encoder).
  blocks8,  MatMulNBits: weights in blocks of 32, activations quantised per row and block: rows stay independent
  blocks4
"""
from __future__ import annotations

import numpy as np

from graph_pen import Constants, Pen

BLOCK = 32


class Layers:
    """Draws the layers of one half of the model, all of one kind."""

    def __init__(self, weights, dtype, kind: str, fused: bool) -> None:
        self.weights, self.dtype, self.kind, self.fused = weights, np.dtype(dtype), kind, fused

    @property
    def head_size(self) -> int:
        return self.weights.dimensions.width // self.weights.dimensions.decoder_heads

    def heads(self, attention: str) -> int:
        """Heads of one attention, from its shape: a pruned layer has fewer than the model's dimensions say."""
        return len(self.weight(attention + ".q_proj")) // self.head_size

    def constant(self, pen: Pen, name: str, array: np.ndarray) -> str:
        return pen.constants.add(name, np.asarray(array, self.dtype))

    def weight(self, key: str) -> np.ndarray:
        return self.weights.tensor(key + ".weight")  # (out, in)

    def bias(self, key: str) -> np.ndarray | None:
        return self.weights.tensor(key + ".bias") if self.weights.has(key + ".bias") else None

    def linear(self, pen: Pen, x: str, key: str, weight=None, bias=None) -> str:
        """x (…, in) → (…, out); `weight` and `bias` override the tensors called `key`."""
        if weight is None:
            weight, bias = self.weight(key), self.bias(key)
        kind = self.kind
        biases = [] if bias is None else [self.constant(pen, key + ".bias", bias)]
        if kind == "dynamic":
            values, scales = quantize_columns(weight)
            return pen.microsoft("DynamicQuantizeMatMul", x, pen.constants.add(key + ".int8", values.T),
                                 pen.constants.add(key + ".scale", scales, exact=True), "", *biases)
        if kind != "plain" and weight.shape[1] % BLOCK == 0:  # 80 mels × 3 do not fill blocks: conv1 stays plain
            return self._blocks(pen, x, key, weight, biases, bits=int(kind[-1]))
        y = pen.op("MatMul", x, self.constant(pen, key + ".weight.T", weight.T))
        return pen.op("Add", y, *biases) if biases else y

    def _blocks(self, pen: Pen, x: str, key: str, weight, biases: list[str], bits: int) -> str:
        outputs, inputs = weight.shape
        values, scales = quantize_blocks(weight, bits)
        return pen.microsoft(
            "MatMulNBits", x, pen.constants.add(f"{key}.int{bits}", values),
            pen.constants.add(f"{key}.int{bits}.scale", scales), "", "", *biases,
            K=inputs, N=outputs, bits=bits, block_size=BLOCK, accuracy_level=4)

    def norm_parameters(self, pen: Pen, key: str) -> tuple[str, str]:
        return (self.constant(pen, key + ".weight", self.weight(key)), self.constant(pen, key + ".bias", self.bias(key)))

    def norm(self, pen: Pen, x: str, key: str) -> str:
        return pen.op("LayerNormalization", x, *self.norm_parameters(pen, key), axis=-1, epsilon=1e-5)

    def linear_gelu(self, pen: Pen, x: str, key: str, weight=None, bias=None) -> str:
        if weight is None:
            weight, bias = self.weight(key), self.bias(key)
        if self.fused:
            return pen.microsoft("BiasGelu", self.linear(pen, x, key, weight), self.constant(pen, key + ".bias", bias))
        return pen.microsoft("Gelu", self.linear(pen, x, key, weight, bias))

    def linear_add_norm(self, pen: Pen, x: str, key: str, residual: str, norm: str,
                        bias: np.ndarray | None = None) -> tuple[str, str]:
        """Returns (norm(residual + linear(x)), residual + linear(x)), both (B, T, width). `bias` overrides the layer's own."""
        if not self.fused:  # on CPU the fused op is six times slower than its two parts
            total = pen.op("Add", residual, self.linear(pen, x, key))
            return self.norm(pen, total, norm), total
        outputs = [pen.fresh("norm"), "", "", pen.fresh("residual")]
        bias = self.bias(key) if bias is None else bias
        pen.microsoft("SkipLayerNormalization", self.linear(pen, x, key, self.weight(key)), residual,
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
        if self.kind == "plain":
            transposed = pen.op("MatMul", x, self._embedding_transposed(pen))
            return transposed if self.dtype == np.float32 else pen.cast(transposed, np.float32)
        return self._blocks(pen, x, self.EMBEDDING, embedding, [], bits=8)

    def _embedding_transposed(self, pen: Pen) -> str:
        return self.constant(pen, self.EMBEDDING + ".weight.T", self.weight(self.EMBEDDING).T)

    def embed(self, pen: Pen, ids: str) -> str:
        """ids (B, T) → (B, T, width)."""
        width = self.weights.dimensions.width
        if self.fused:
            return pen.op("Gather", self.constant(pen, self.EMBEDDING + ".weight", self.weight(self.EMBEDDING)), ids)
        if self.kind == "plain":
            columns = pen.op("Gather", self._embedding_transposed(pen), ids, axis=1)  # (width, B, T)
            return pen.op("Transpose", columns, perm=[1, 2, 0])
        values, scales = quantize_blocks(self.weight(self.EMBEDDING), 8)
        rows = pen.op("Gather", pen.constants.add(self.EMBEDDING + ".int8", values), ids)  # (B, T, width/32, 32)
        rows = pen.op("Sub", pen.cast(rows, np.float32), pen.float32(128.0))
        scale = pen.op("Gather", pen.constants.add(self.EMBEDDING + ".int8.scale", scales), ids)
        return pen.op("Reshape", pen.op("Mul", rows, pen.unsqueeze(scale, 3)), pen.integer([0, 0, width]))


def quantize_columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(out, in) → int8 (out, in) and one float32 scale per output, symmetric."""
    scales = np.maximum(np.abs(weight).max(1) / 127, 1e-8).astype(np.float32)
    return np.clip(np.round(weight / scales[:, None]), -127, 127).astype(np.int8), scales


def quantize_blocks(weight: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """(out, in) → uint8 (out, in/32, 32·bits/8) and float32 scales (out, in/32), as MatMulNBits reads them. The value of
    largest magnitude in a block maps to 0, so that its sign gets the longer half of the range."""
    outputs, inputs = weight.shape
    blocks = weight.reshape(outputs, inputs // BLOCK, BLOCK)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    half = 2 ** (bits - 1)
    scales = (extreme / -half).astype(np.float16).astype(np.float32)  # stored as halves: round before dividing
    scales[scales == 0] = 1e-4
    values = np.clip(np.round(blocks / scales[..., None]) + half, 0, 2**bits - 1).astype(np.uint8)
    return (values if bits == 8 else values[..., 0::2] | (values[..., 1::2] << 4)), scales
