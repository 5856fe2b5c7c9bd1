"""The encoder's transformer layers of a CUDA graph, as a graph of their own in ONNX's standard operators.

TensorRT knows none of com.microsoft's operators, and of our graph it would take dozens of small parts around them, each with
a copy at its borders. The transformer layers are one part: 60 % of the work of a batch, all of it large matrices. What comes
before (log-mel, convolutions) and after (the generation loop, whose shapes change at every step) stays with CUDA.
"""
from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from weights import ModelError

FIRST_NORM = "model.encoder.layers.0.self_attn_layer_norm.weight"
LAST_NORM = "model.encoder.layer_norm.weight"
OPSET = 20


def borders(graph: onnx.GraphProto) -> tuple[str, str]:
    """Names of the tensors where the transformer layers begin and end, both (B, T, width)."""
    found = {}
    for node in graph.node:
        if FIRST_NORM in node.input and node.op_type == "LayerNormalization":
            found["start"] = node.input[0]
        if LAST_NORM in node.input:
            found["end"] = node.output[0]
    if found.keys() != {"start", "end"}:
        raise ModelError("the graph has no encoder at its top: TensorRT takes graphs that were built with --target cuda")
    return found["start"], found["end"]


def nodes_between(graph: onnx.GraphProto, start: str, end: str) -> list[onnx.NodeProto]:
    """What must run for `end`, once `start` is there, in the graph's order."""
    wanted, chosen = {end}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            chosen.append(node)
            wanted.update(name for name in node.input if name and name != start)
    return chosen[::-1]


def encoder_subgraph(model: onnx.ModelProto, lowered: bool = True) -> onnx.ModelProto:
    """The layers from `start` (B, T, width) to `end` (B, T, width). `lowered` puts standard operators in the place of
    com.microsoft's; without it they stay, for comparison."""
    start, end = borders(model.graph)
    arrays = {tensor.name: tensor for tensor in model.graph.initializer}
    width, dtype = arrays[LAST_NORM].dims[0], arrays[LAST_NORM].data_type
    nodes, constants = nodes_between(model.graph, start, end), {}
    if lowered:
        nodes = [part for node in nodes for part in lower(node, arrays, nodes, constants)]
    used = {name for node in nodes for name in node.input}
    initializers = [arrays[name] for name in sorted(used & arrays.keys())] + list(constants.values())
    unknown = used - arrays.keys() - constants.keys() - {start, ""} - {name for node in nodes for name in node.output}
    if unknown:
        raise ModelError(f"the encoder also reads {', '.join(sorted(unknown))}: build the model again")
    shape = ["B", "T", width]
    graph = helper.make_graph(nodes, "encoder", [helper.make_tensor_value_info(start, dtype, shape)],
                              [helper.make_tensor_value_info(end, dtype, shape)], initializers)
    imports = [helper.make_opsetid("", OPSET)] + ([] if lowered else [helper.make_opsetid("com.microsoft", 1)])
    made = helper.make_model(graph, producer_name="murmuration", opset_imports=imports)
    made.ir_version = model.ir_version
    return made


def lower(node: onnx.NodeProto, arrays: dict[str, TensorProto], nodes: list[onnx.NodeProto],
          constants: dict[str, TensorProto]) -> list[onnx.NodeProto]:
    """One node as standard ones."""
    if node.domain == "":
        return [node]
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    name = node.output[0]

    def constant(key: str, array: np.ndarray) -> str:
        constants.setdefault(key, numpy_helper.from_array(array, key))
        return key

    def op(kind: str, inputs: list[str], output: str, **more) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [output], name=f"{node.name}.{output}", **more)

    if node.op_type == "BiasGelu":
        return [op("Add", list(node.input), f"{name}.sum"), op("Gelu", [f"{name}.sum"], name)]
    if node.op_type == "SkipLayerNormalization":
        value, skip, gamma, beta, bias = node.input
        total = node.output[3] if len(node.output) > 3 and node.output[3] else f"{name}.total"
        return [op("Add", [value, bias], f"{name}.biased"), op("Add", [f"{name}.biased", skip], total),
                op("LayerNormalization", [total, gamma, beta], name, axis=-1, epsilon=attributes["epsilon"])]
    if node.op_type == "MultiHeadAttention" and len([part for part in node.input if part]) == 3:
        heads = attributes["num_heads"]
        query = next(other for other in nodes if node.input[0] in other.output)
        inner = next(arrays[part].dims[-1] for part in query.input if part in arrays)
        half = arrays[LAST_NORM].data_type == TensorProto.FLOAT16
        scale = constant(f"scale {inner // heads}", np.array(1 / math.sqrt(inner // heads), np.float16 if half else np.float32))
        split, joined = constant(f"split {heads}", np.array([0, 0, heads, -1])), constant("joined", np.array([0, 0, -1]))
        made = [op("Mul", [node.input[0], scale], f"{name}.scaled")]
        sources = (f"{name}.scaled", node.input[1], node.input[2])
        for part, source, order in zip("qkv", sources, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])):
            made += [op("Reshape", [source, split], f"{name}.{part}"),
                     op("Transpose", [f"{name}.{part}"], f"{name}.{part}.heads", perm=order)]
        return made + [
            op("MatMul", [f"{name}.q.heads", f"{name}.k.heads"], f"{name}.scores"),
            op("Softmax", [f"{name}.scores"], f"{name}.shares", axis=-1),
            op("MatMul", [f"{name}.shares", f"{name}.v.heads"], f"{name}.seen"),
            op("Transpose", [f"{name}.seen"], f"{name}.rows", perm=[0, 2, 1, 3]),
            op("Reshape", [f"{name}.rows", joined], name)]
    raise ModelError(f"{node.op_type} in the encoder has no standard form here: build the model with --target cuda")
