"""From the tokens of all steps to the outputs: the last of the graphs of graph_captured.py."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from captured_values import histories
from graph_alignment import fitted
from graph_decoder import heads_by_layer
from graph_linear import Layers
from graph_pen import Pen, value_info


def draw_finish(pen: Pen, layers: Layers, inputs: list[onnx.ValueInfoProto]) -> tuple[list, list]:
    """`count` tokens of each row; `scores` have room for more steps, and rows that the host has added."""
    wanted = ("prompt", "max_new", "forced", *(("audio_positions", "alignment_on") if layers.weights.alignment_heads else ()))
    taken = [info for info in inputs if info.name in wanted]
    taken += [*histories(layers), value_info("count", np.int64, [1])]
    start = pen.length("prompt", 1)
    stop = pen.op("Add", start, "count")
    given = [value_info("tokens", np.int64, ["B", "S"]), value_info("token_logprob", np.float32, ["B", "S"])]
    stacked = None
    if layers.weights.alignment_heads:
        by_layer = heads_by_layer(layers)
        taken += [value_info("first scores", np.float32, ["T", "B", "H", 1, "L"]),
                  *[value_info(f"scores {layer}", np.float32, ["S", "R", f"H{layer}", 1, "L"]) for layer in by_layer]]
        given.append(value_info("alignment_scores", np.int16, ["S", "B", "L"]))

        def stacked(branch: Pen) -> str:
            steps = branch.op("Sub", "count", branch.length("first scores", 0))
            parts = [branch.slice(branch.slice(f"scores {layer}", 0, steps, 0), 0, branch.length("first scores", 1), 1)
                     for layer in by_layer]
            later = branch.concat(*parts, axis=2) if len(parts) > 1 else parts[0]
            return branch.concat("first scores", later, axis=0)

    write_outputs(pen, layers, pen.slice("history", 0, stop, 1), pen.slice("logprobs", start, stop, 1), stacked)
    return taken, given


def write_outputs(pen: Pen, layers: Layers, history: str, logprobs: str, stacked: Callable[[Pen], str] | None) -> None:
    """history (B, P + n) and logprobs (B, n) of all tokens; `stacked` draws the alignment scores (n, B, heads, 1, L)."""
    end = layers.weights.tokens.end_of_text
    most = pen.op("Min", pen.length(logprobs, 1), pen.op("ReduceMax", "max_new", keepdims=1))
    start = pen.length("prompt", 1)
    written = pen.slice(history, start, pen.op("Add", start, most), 1)
    ends = pen.cast(pen.op("Equal", written, pen.integer(end)), np.float32)
    over = pen.op("Greater", pen.op("CumSum", ends, pen.integer(1), exclusive=1), pen.float32(0.0))
    steps = pen.unsqueeze(pen.op("Range", pen.integer(0), pen.op("Squeeze", most), pen.integer(1)), 0)
    gone = pen.op("Or", over, pen.op("GreaterOrEqual", steps, pen.unsqueeze("max_new", 1)))
    lengths = pen.op("ReduceSum", pen.cast(pen.op("Not", gone), np.float32), pen.integer([1]), keepdims=0)
    total = pen.op("ReduceMax", pen.cast(lengths, np.int64), keepdims=1)
    gone, steps = (pen.slice(value, 0, total, 1) for value in (gone, steps))
    chosen = pen.op("Where", gone, pen.integer([[end]]), pen.slice(written, 0, total, 1))
    pen.op("Identity", chosen, outputs=["tokens"])
    pen.op("Where", gone, pen.float32(0.0), pen.slice(logprobs, 0, total, 1), outputs=["token_logprob"])
    if stacked is None:
        return
    count = len(layers.weights.alignment_heads)

    def fits(branch: Pen) -> list[str]:
        scores = branch.slice(stacked(branch), 0, total, 0)
        chose = branch.op("And", branch.op("LessOrEqual", chosen, branch.integer(end)),
                          branch.op("GreaterOrEqual", steps, branch.length("forced", 0)))
        return [fitted(branch, layers.dtype, scores, branch.op("And", chose, branch.op("Not", gone)), count)]

    def nothing(branch: Pen) -> list[str]:
        return [branch.filled(branch.concat(total, branch.length("prompt", 0), branch.integer([0]), axis=0), np.int16(0))]

    pen.op("Identity", pen.branch("alignment_on", [np.int16], fits, nothing), outputs=["alignment_scores"])
