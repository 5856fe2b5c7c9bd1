"""The parts of a Whisper that can get narrower: attentions, head by head, and feed-forwards, channel by channel."""
from __future__ import annotations

from dataclasses import dataclass

from weights import ModelError, WhisperWeights

CHANNELS = 32  # feed-forward channels go in groups of this size, so that blocks of int8 and int4 stay full


@dataclass(frozen=True)
class Block:
    name: str  # model.encoder.layers.0.self_attn, model.encoder.layers.0.fc
    writers: tuple[str, ...]  # layers that lose outputs: queries, keys and values, or fc1
    reader: str  # the layer that loses inputs: out_proj or fc2
    channels: int  # between writers and reader
    group: int  # channels that go together
    is_attention: bool



def find_blocks(weights: WhisperWeights) -> list[Block]:
    """All of them, encoder first. Raises ModelError for factored layers: their channels are mixed."""
    sizes = weights.dimensions
    head_size = sizes.width // sizes.decoder_heads
    blocks = []
    for part, count in (("encoder", sizes.encoder_layers), ("decoder", sizes.decoder_layers)):
        for index in range(count):
            layer = f"model.{part}.layers.{index}."
            for name in ("self_attn", "encoder_attn")[: 1 if part == "encoder" else 2]:
                writers = tuple(f"{layer}{name}.{letter}_proj" for letter in "qkv")
                reader = f"{layer}{name}.out_proj"
                blocks.append(Block(layer + name, writers, reader, inputs(weights, reader), head_size, True))
            blocks.append(Block(layer + "fc", (layer + "fc1",), layer + "fc2", inputs(weights, layer + "fc2"), CHANNELS, False))
    return blocks


def inputs(weights: WhisperWeights, key: str) -> int:
    if weights.has(key + ".up.weight"):
        raise ModelError(f"{key} of {weights.source.name} is factored: prune first, then factor")
    return weights.tensor(key + ".weight").shape[1]


def layer_parameters(weights: WhisperWeights) -> int:
    """Parameters of the transformer layers: all but embeddings, positions and convolutions."""
    return sum(weights.tensor(name).size for name in weights.tensors if ".layers." in name)
