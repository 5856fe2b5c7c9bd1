"""The whole graph with one node, EPContext, in the place of the encoder's layers: onnxruntime's TensorRT provider loads the
engine that the node names, and CUDA runs the rest."""
from __future__ import annotations

from pathlib import Path

import onnx
from onnx import helper

from engine.encoder_subgraph import borders, nodes_between

MICROSOFT = "com.microsoft"


def context_graph(model: onnx.ModelProto, engine: str, compute_capability: str, tensorrt: str) -> onnx.ModelProto:
    """`engine` is the file's name: it lies beside the graph, for the provider follows no path out of its folder."""
    start, end = borders(model.graph)
    replaced = nodes_between(model.graph, start, end)
    made = onnx.ModelProto()
    made.CopyFrom(model)
    context = helper.make_node(
        "EPContext", [start], [end], name="encoder", domain=MICROSOFT, main_context=1, embed_mode=0, ep_cache_context=engine,
        hardware_architecture=compute_capability.replace(".", ""), ep_sdk_version=tensorrt, partition_name="encoder",
        source="TensorrtExecutionProvider", onnx_model_filename="encoder.onnx")
    names = {node.name for node in replaced}
    nodes = list(made.graph.node)
    place = next(index for index, node in enumerate(nodes) if node.name in names)
    kept = nodes[:place] + [context] + [node for node in nodes[place:] if node.name not in names]
    used = {name for node in kept for name in read_by(node)}
    initializers = [tensor for tensor in made.graph.initializer if tensor.name in used]
    for field, values in (("node", kept), ("initializer", initializers)):
        made.graph.ClearField(field)
        getattr(made.graph, field).extend(values)
    return made


def read_by(node: onnx.NodeProto) -> set[str]:
    """Names that a node reads, in the bodies of its loops and branches too."""
    names = set(node.input)
    for attribute in node.attribute:
        for body in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            names.update(output.name for output in body.output)
            for inner in body.node:
                names |= read_by(inner)
    return names


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """With the weights beside it where they pass what a protobuf holds."""
    large = sum(len(tensor.raw_data) for tensor in model.graph.initializer) > 1_500_000_000
    onnx.save_model(model, str(path), save_as_external_data=large, all_tensors_to_one_file=True, location=path.name + ".data")
