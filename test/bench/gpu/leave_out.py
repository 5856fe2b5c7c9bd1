"""leave_out.py MODEL: beside a model's graph of a step, the same without one part each, for measure-steps.ts: what a part costs is
what a step without it saves. They compute nonsense."""
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def first_columns(graph, value: str, count: int, axis: int, out: str) -> list:
    names = []
    for name, number in (("start", 0), ("stop", count), ("axis", axis), ("by", 1)):
        names.append(f"left out {name} {number}")
        if names[-1] not in {tensor.name for tensor in graph.initializer}:
            graph.initializer.append(numpy_helper.from_array(np.array([number], np.int64), names[-1]))
    return [helper.make_node("Slice", [value, *names], [out])]


def without(graph, part: str, width: int) -> None:
    """part: "audio", "self", "choice" or "logits"."""
    nodes, gone = [], set()
    for node in graph.node:
        hears = len(node.input) > 1 and "last key " in node.input[1]
        if part == "audio" and hears:
            nodes.append(helper.make_node("Abs", [node.input[0]], [node.output[0]]))
            gone |= set(node.output[1:])
        elif part == "self" and node.op_type == "GroupQueryAttention" and not node.input[1]:
            nodes += first_columns(graph, node.input[0], width, 2, node.output[0])
            gone |= set(node.output[1:])
        elif part in ("choice", "logits") and node.op_type == "LogSoftmax":
            continue
        elif part in ("choice", "logits") and node.op_type == "TopK":
            logits = next(other.input[0] for other in graph.node if other.output[0] == node.input[0])
            nodes += first_columns(graph, logits, 1, 1, node.output[0])
            nodes.append(helper.make_node("Greater", [node.output[0]] * 2, [node.output[1] + " never"]))
            nodes.append(helper.make_node("Cast", [node.output[1] + " never"], [node.output[1]], to=TensorProto.INT64))
        elif part == "logits" and node.op_type == "FusedMatMul":
            nodes.append(helper.make_node("Abs", [node.input[0]], [node.output[0]]))
        elif part == "logits" and node.op_type == "Add" and "mask" in node.input:
            nodes.append(helper.make_node("Abs", [node.input[0]], [node.output[0]]))
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [output for output in graph.output if output.name not in gone]
    del graph.output[:]
    graph.output.extend(kept)


def write_all(folder: Path) -> None:
    for part in ("audio", "self", "choice", "logits"):
        model = onnx.load(folder / "step.onnx", load_external_data=False)
        table = next(tensor for tensor in model.graph.initializer if tensor.name.startswith("model.decoder.positions"))
        without(model.graph, part, table.dims[1])
        (folder / f"step-without-{part}.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
