"""The pen that the graph is drawn with: nodes with generated names, shared constants, If and Loop with Python closures."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"
INT64_MAX = 2**63 - 1
ONNX_TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.int32): TensorProto.INT32,
    np.dtype(np.int16): TensorProto.INT16,
    np.dtype(np.int8): TensorProto.INT8,
    np.dtype(bool): TensorProto.BOOL,
}


class Constants:
    """The initialisers of the model, each stored once, whichever subgraph asks for it."""

    def __init__(self, store_half: bool) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.store_half = store_half
        self.casts: dict[str, tuple[str, str]] = {}  # name in the graph -> (stored half, its cast)

    def add(self, name: str, array: np.ndarray, exact: bool = False) -> str:
        """Returns the name to use in a node. `exact` keeps float32 even where the file stores halves."""
        if name in self.casts or name in self.arrays:
            return name
        array = np.ascontiguousarray(array) if array.ndim else array
        halve = self.store_half and not exact and array.dtype == np.float32 and array.size > 512
        if halve and np.abs(array).max() < 6e4:
            self.arrays[name + ".half"] = array.astype(np.float16)
            self.casts[name] = (name + ".half", name)  # onnxruntime folds the Cast when it loads the model
        else:
            self.arrays[name] = array
        return name

    def cast_nodes(self) -> list[onnx.NodeProto]:
        return [
            helper.make_node("Cast", [half], [name], name=f"{name}.cast", to=TensorProto.FLOAT)
            for half, name in self.casts.values()
        ]


class Pen:
    """Writes the nodes of one graph or subgraph. A value is the name of a tensor."""

    def __init__(self, constants: Constants, counter: list[int] | None = None) -> None:
        self.constants = constants
        self.nodes: list[onnx.NodeProto] = []
        self.types: list[onnx.ValueInfoProto] = []  # of values whose type onnxruntime cannot infer
        self.counter = counter if counter is not None else [0]

    def fresh(self, prefix: str) -> str:
        self.counter[0] += 1
        return f"{prefix}_{self.counter[0]}"

    def op(self, kind: str, *inputs: str, outputs: int | Sequence[str] = 1, domain: str = "", **attributes):
        """Adds a node; returns its output name, or a tuple of them where there are several."""
        names = [self.fresh(kind) for _ in range(outputs)] if isinstance(outputs, int) else list(outputs)
        node = helper.make_node(kind, list(inputs), names, name=self.fresh("node"), domain=domain, **attributes)
        self.nodes.append(node)
        return names[0] if len(names) == 1 else tuple(names)

    def microsoft(self, kind: str, *inputs: str, outputs: int | Sequence[str] = 1, **attributes):
        return self.op(kind, *inputs, outputs=outputs, domain=MICROSOFT, **attributes)

    # ---- constants
    def integer(self, value: int | list) -> str:
        return self.constants.add(f"int64 {value}", np.array(value, np.int64))

    def float32(self, value: float) -> str:
        return self.constants.add(f"float32 {value}", np.array(value, np.float32))

    # ---- small phrases that would hide the meaning if spelt out each time
    def slice(self, value: str, start: int | str, end: int | str, axis: int, step: int = 1) -> str:
        bounds = [v if isinstance(v, str) else self.integer([v]) for v in (start, end)]
        return self.op("Slice", value, *bounds, self.integer([axis]), self.integer([step]))

    def length(self, value: str, axis: int) -> str:
        """Size along an axis, as int64 [1]."""
        return self.op("Shape", value, start=axis, end=axis + 1)

    def scalar(self, value: str) -> str:
        return self.op("Squeeze", value)

    def unsqueeze(self, value: str, *axes: int) -> str:
        return self.op("Unsqueeze", value, self.integer(list(axes)))

    def cast(self, value: str, dtype) -> str:
        return self.op("Cast", value, to=ONNX_TYPES[np.dtype(dtype)])

    def filled(self, shape: str, value) -> str:
        return self.op("ConstantOfShape", shape, value=numpy_helper.from_array(np.array([value])))

    def concat(self, *values: str, axis: int) -> str:
        return self.op("Concat", *values, axis=axis)

    def concat_as(self, name: str, *values: str, axis: int) -> None:
        """As `concat`, under a name of its own: an output of the graph."""
        self.op("Concat", *values, axis=axis, outputs=[name])

    # ---- control flow
    def branch(self, condition: str, dtypes: Sequence, then: Callable[["Pen"], Sequence[str]],
               otherwise: Callable[["Pen"], Sequence[str]], outputs: Sequence[str] | None = None):
        """If: both closures return as many values as there are dtypes; `outputs` names what comes of them."""

        def subgraph(draw: Callable[["Pen"], Sequence[str]], name: str) -> onnx.GraphProto:
            pen = Pen(self.constants, self.counter)
            outputs = [pen.op("Identity", value) for value in draw(pen)]
            infos = [value_info(o, dtype) for o, dtype in zip(outputs, dtypes, strict=True)]
            return helper.make_graph(pen.nodes, name, [], infos, value_info=pen.types)

        return self.op("If", condition, outputs=outputs or len(dtypes),
                       then_branch=subgraph(then, "then"), else_branch=subgraph(otherwise, "else"))

    def loop(self, trips: str, state: Sequence[tuple[str, type, str]], scan_dtypes: Sequence,
             draw: Callable[["Pen", str, dict[str, str]], tuple[str | None, dict[str, str], Sequence[str]]]):
        """Loop: `state` is (name, dtype, initial value). `draw(pen, step, state)` returns (go on?, next state, scans).
        Returns (final state by name, scans stacked on a new first axis)."""
        body = Pen(self.constants, self.counter)
        step, go_in = body.fresh("step"), body.fresh("go")
        inside = {name: body.fresh(name) for name, _, _ in state}
        go_on, following, scans = draw(body, step, inside)
        go_out = body.op("Identity", go_on or go_in)
        outputs = [body.op("Identity", following[name]) for name, _, _ in state]
        outputs += [body.op("Identity", scan) for scan in scans]
        dtypes = [dtype for _, dtype, _ in state] + list(scan_dtypes)
        graph = helper.make_graph(
            body.nodes, self.fresh("loop"),
            [value_info(step, np.int64, []), value_info(go_in, bool, [])]
            + [value_info(inside[name], dtype) for name, dtype, _ in state],
            [value_info(go_out, bool, [])] + [value_info(o, d) for o, d in zip(outputs, dtypes, strict=True)],
            value_info=body.types,
        )
        ends = [self.fresh("end") for _ in dtypes]
        self.op("Loop", trips, "", *[initial for _, _, initial in state], outputs=ends, body=graph)
        return {name: ends[i] for i, (name, _, _) in enumerate(state)}, ends[len(state):]


def value_info(name: str, dtype, shape: list | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, ONNX_TYPES[np.dtype(dtype)], shape)
