"""Whisper for CUDA graphs, in graphs over one set of weights (README.md, On a GPU):

  begin    PCM → encoder → prompt → first token, and all steps that are not ordinary (graph_cuda.settling), in a Loop
  step     STEPS ordinary tokens for every row: no control flow, no value on the host, no shape that depends on the step, so
           that onnxruntime can capture its kernels once and start them all at once from then on
  finish   the tokens and scores that have come together → the outputs of the one graph that does it all

`step-aligned` has the alignment heads' scores, too: in their layers another kernel attends to the audio, and reads its keys
in an order of its own.

What passes from one to the next stays in the GPU's memory, with keys and values for the longest transcript, which every step
writes in place. The host fills the rest of its rows and counts the steps (functions/transcribe-gpu/devices/captured).
"""
from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from graph_begin import draw_begin
from graph_finish import draw_finish
from graph_linear import Layers
from graph_ordinary_steps import draw_step
from graph_pen import Constants, Pen, value_info


def draw_captured(weights, dtype, inputs: list[onnx.ValueInfoProto],
                  int8: bool = False) -> list[tuple[str, onnx.GraphProto, dict[str, np.ndarray]]]:
    """File name, graph and constants of each graph; `inputs` are those of the graph that does it all, and `int8` is how steps are
    to read keys and values of the audio (graph_int8_audio.py)."""
    drawn = []
    for kind in ("begin", "step", *(["step-aligned"] if weights.alignment_heads else []), "finish"):
        pen = Pen(Constants(store_half=False))
        layers = Layers(weights, dtype, "plain", fused=True)
        if kind == "begin":
            own = [value_info("room", np.int64, [1])]
            own += [value_info("key shape", np.int64, [5])] if weights.alignment_heads else []
            taken, given = [*inputs, *own], draw_begin(pen, layers, int8)
        elif kind == "finish":
            taken, given = draw_finish(pen, layers, inputs)
        else:
            taken, given = draw_step(pen, layers, kind == "step-aligned", int8)
        drawn.append((f"{kind}.onnx", helper.make_graph(pen.nodes, kind, taken, given, value_info=pen.types), pen.constants.arrays))
    return drawn
