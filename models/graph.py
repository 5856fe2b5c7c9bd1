"""Whisper as ONE ONNX graph, straight from its weights: PCM → log-mel → encoder → Loop of the decoder → tokens.

GRAPH.md lists inputs and outputs. `write_graph(weights, precision, target, path)` is what build.py calls.
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import graph_step
from graph_choice import TimestampState, apply_timestamp_rules, greedy, next_timestamp_state, sample
from graph_captured import draw_captured
from graph_cuda import generate_cuda
from graph_decoder import alignment, cross_attention, decode_step
from graph_encoder import encode, encode_rows
from graph_linear import Layers
from graph_pen import INT64_MAX, MICROSOFT, Constants, Pen, value_info
from plan import planned_precision

OPSET, IR_VERSION = 20, 10
WEIGHTS = "weights.json"
EXTERNAL_ABOVE_BYTES = 1_500_000_000  # one protobuf holds 2 GB
# precision → kind of linear layer in encoder and decoder (graph_linear.py)
KINDS = {"fp32": ("plain", "plain"), "fp16": ("plain", "plain"), "int8": ("dynamic", "blocks8"), "int4": ("blocks4", "blocks4")}
EXACT = {"fp32": "exact"}  # where other layers are stored as halves


def build_graph(weights, precision: str, target: str,
                plan: dict[str, str] | None = None) -> tuple[onnx.GraphProto, dict[str, np.ndarray]]:
    """Returns the graph without its initialisers, and these by name, so that they may be larger than a protobuf. `plan`
    (plan.py) says the precision of the layers that it names."""
    if precision not in KINDS or target not in ("cpu", "cuda"):
        raise ValueError(f"precision {precision} for {target}: choose fp32, fp16, int8 or int4, and cpu or cuda")
    cuda = target == "cuda"
    if cuda and precision not in ("fp32", "fp16"):
        raise ValueError(f"precision {precision} has no CUDA kernels here: choose fp16 or fp32 for the target cuda")
    if plan and cuda:
        raise ValueError("a plan of mixed precision has no CUDA kernels here: choose the target cpu")
    dtype = np.float16 if cuda and precision == "fp16" else np.float32
    constants = Constants(store_half=(precision != "fp32" or bool(plan)) and not cuda)
    encoder, decoder = (Layers(weights, dtype, kind_of(half, precision, plan), fused=cuda) for half in (0, 1))
    pen = Pen(constants)
    if cuda:
        generate_cuda(pen, decoder, encode(pen, encoder, "pcm", None, None))
    else:
        keys_values, score_bias = encode_rows(pen, encoder, "pcm", "lengths", "silence_stride")
        generate(pen, decoder, keys_values, pen.unsqueeze(score_bias, 1, 2))
    nodes = constants.cast_nodes() + pen.nodes
    graph = helper.make_graph(nodes, "whisper", inputs(weights, cuda), outputs(weights, cuda), value_info=pen.types)
    return graph, constants.arrays


def kind_of(half: int, precision: str, plan: dict[str, str] | None):
    """What Layers asks of one half, 0 the encoder and 1 the decoder: its kind, or the kind by layer."""
    if not plan:
        return KINDS[precision][half]

    def kind(key: str) -> str:
        chosen = planned_precision(plan, key, precision)
        return EXACT.get(chosen, KINDS[chosen][half])

    return kind


def inputs(weights, cuda: bool) -> list[onnx.ValueInfoProto]:
    vocabulary = weights.dimensions.vocabulary
    rows = [value_info("audio_positions", np.int64, ["B"])] if cuda else [
        value_info("lengths", np.int64, ["B"]), value_info("silence_stride", np.int64, [])]
    return [
        value_info("pcm", np.float32, ["B", "N"]), *rows, value_info("prompt", np.int64, ["B", "P"]),
        value_info("sot_index", np.int64, []), value_info("max_new", np.int64, ["B"]),
        value_info("masks", np.float32, ["K", vocabulary]), value_info("forced", np.int64, ["F"]),
        value_info("probe_ids", np.int64, ["Q"]), value_info("temperature", np.float32, ["B"]),
        value_info("seed", np.int64, ["B"]), value_info("timestamps", bool, []), value_info("alignment_on", bool, []),
    ]


def outputs(weights, cuda: bool) -> list[onnx.ValueInfoProto]:
    infos = [value_info("tokens", np.int64, ["B", "S"]), value_info("token_logprob", np.float32, ["B", "S"]),
             value_info("probe_prob", np.float32, ["B", "Q"])]
    if weights.alignment_heads and cuda:
        infos.append(value_info("alignment_scores", np.int16, ["S", "B", "L"]))
    elif weights.alignment_heads:
        infos.append(value_info("alignment", np.float32, ["S", "B", len(weights.alignment_heads), "L"]))
    return infos


def generate(pen: Pen, layers: Layers, keys_values: list[str], score_bias: str) -> None:
    """The generation loop: all state is carried from step to step, so that one session.run makes a whole transcript."""
    sizes, tokens = layers.weights.dimensions, layers.weights.tokens
    rows = pen.length("prompt", 0)
    column = pen.concat(rows, pen.integer([1]), axis=0)
    max_new, seed = pen.unsqueeze("max_new", 1), pen.unsqueeze("seed", 1)
    temperature = pen.unsqueeze("temperature", 1)
    warm = pen.cast(pen.op("Greater", "temperature", pen.float32(0.0)), np.int64)
    sampling = pen.cast(pen.op("ReduceMax", warm, keepdims=0), bool)
    plain = pen.op("Not", pen.op("Or", "timestamps", sampling))
    forced_count = pen.scalar(pen.length("forced", 0))
    probe_shape = pen.concat(rows, pen.integer([0]), pen.length("probe_ids", 0), axis=0)
    caches = [f"{part} {index}" for index in range(sizes.decoder_layers) for part in ("key", "value")]
    state = [
        ("ids", np.int64, "prompt"), ("done", bool, pen.filled(column, False)),
        ("probe", np.float32, pen.filled(probe_shape, np.float32(0))),
        ("last", np.int64, pen.filled(column, np.int64(-1))),
        ("after one", bool, pen.filled(column, False)), ("after two", bool, pen.filled(column, True)),
    ]
    for name in caches:
        heads = layers.heads(f"model.decoder.layers.{name.split()[1]}.self_attn")
        shape = pen.concat(rows, pen.integer([heads, 0, layers.head_size]), axis=0)
        state.append((name, layers.dtype, pen.filled(shape, layers.dtype.type(0))))

    def draw(body: Pen, step: str, now: dict[str, str]):
        attend, attention = cross_attention(body, layers, keys_values, score_bias)
        hidden, cache = decode_step(body, layers, now["ids"], [now[name] for name in caches], attend)
        # The first pass also needs the probabilities at <|startoftranscript|>: a second row of the same MatMul. Slices of
        # changing length do it without an If, which costs as much as a small MatMul at every step
        first_pass = body.cast(body.op("Equal", step, body.integer(0)), np.int64)
        start = body.slice(body.op("Reshape", "sot_index", body.integer([1])), 0, body.unsqueeze(first_pass, 0), 0)
        wanted = body.concat(body.integer([-1]), start, axis=0)
        logits = layers.logits(body, body.op("Gather", hidden, wanted, axis=1))  # (B, 1 or 2, V)
        probabilities = body.op("Softmax", body.slice(logits, 1, INT64_MAX, 1), axis=-1)
        probed = body.concat(now["probe"], body.op("Gather", probabilities, "probe_ids", axis=2), axis=1)
        mask_row = body.op("Min", step, body.op("Sub", body.scalar(body.length("masks", 0)), body.integer(1)))
        masked = body.op("Add", body.op("Gather", logits, body.integer(0), axis=1),
                         body.unsqueeze(body.op("Gather", "masks", mask_row), 0))
        times = TimestampState(now["last"], now["after one"], now["after two"])

        def elaborate(branch: Pen) -> list[str]:
            first = branch.op("Equal", step, forced_count)
            ruled = branch.branch(
                "timestamps", [np.float32],
                lambda b: [apply_timestamp_rules(b, masked, times, first, tokens, sizes.vocabulary)],
                lambda b: [masked])
            chosen = sample(branch, ruled, temperature, seed, step, sizes.vocabulary)
            return list(force(branch, step, forced_count, *chosen))

        simple = body.op("And", plain, body.op("GreaterOrEqual", step, forced_count))
        token, logprob = body.branch(simple, [np.int64, np.float32], lambda b: list(greedy(b, masked)), elaborate)
        end = body.integer([[tokens.end_of_text]])
        token = body.op("Where", now["done"], end, token)
        logprob = body.op("Where", now["done"], body.float32(0.0), logprob)
        spent = body.op("GreaterOrEqual", body.op("Add", step, body.integer(1)), max_new)
        done = body.op("Or", now["done"], body.op("Or", body.op("Equal", token, end), spent))
        running = body.op("ReduceMax", body.cast(body.op("Not", done), np.int64), keepdims=0)
        times = next_timestamp_state(body, times, token, body.op("LessOrEqual", step, forced_count), tokens)
        following = {"ids": token, "done": done, "probe": probed, "last": times.last,
                     "after one": times.after_one, "after two": times.after_two, **dict(zip(caches, cache, strict=True))}
        scans = [token, logprob]
        if layers.weights.alignment_heads:
            scans.append(alignment(body, layers, attention, "alignment_on", rows))
        return body.cast(running, bool), following, scans

    scan_dtypes = [np.int64, np.float32] + ([layers.dtype] if layers.weights.alignment_heads else [])
    final, scans = pen.loop(pen.op("ReduceMax", "max_new", keepdims=0), state, scan_dtypes, draw)
    for scan, name in zip(scans, ("tokens", "token_logprob"), strict=False):
        pen.op("Squeeze", pen.op("Transpose", scan, perm=[1, 0, 2]), pen.integer([2]), outputs=[name])
    pen.op("Squeeze", final["probe"], pen.integer([1]), outputs=["probe_prob"])
    if layers.weights.alignment_heads:
        pen.op("Identity", scans[2], outputs=["alignment"])


def force(pen: Pen, step: str, forced_count: str, token: str, logprob: str) -> tuple[str, str]:
    """Replaces the choice by the forced token of this step, where there is one; it carries no score."""

    def forced(branch: Pen) -> list[str]:
        wanted = branch.op("Gather", "forced", step)
        given = branch.op("GreaterOrEqual", wanted, branch.integer(0))
        return [branch.op("Where", given, wanted, token), branch.op("Where", given, branch.float32(0.0), logprob)]

    return pen.branch(pen.op("Less", step, forced_count), [np.int64, np.float32], forced, lambda _: [token, logprob])


def write_graph(weights, precision: str, target: str, path: Path, plan: dict[str, str] | None = None) -> list[Path]:
    """Writes the ONNX file, and a `.data` file beside it where the weights outgrow a protobuf; returns what it wrote."""
    return write_model(*build_graph(weights, precision, target, plan), path)


def can_capture(precision: str, target: str) -> bool:
    """Attention of one token with its cache in place has a CUDA kernel for halves alone."""
    return target == "cuda" and (precision == "fp16" or not graph_step.FOR_GPU)


def write_captured(weights, precision: str, path: Path, int8_audio: bool = False) -> list[Path]:
    """Writes the graph for CUDA to `path` and beside it those of graph_captured.py. All read their weights from one `.data`
    file, and WEIGHTS says where in it, for those who load it once for all graphs."""
    graph, arrays = build_graph(weights, precision, "cuda")
    dtype = np.float16 if precision == "fp16" else np.float32
    data_path = path.with_name(path.name + ".data")
    places: dict[str, TensorProto] = {}
    with open(data_path, "wb") as data:
        paths = []
        for name, drawn, constants in [(path.name, graph, arrays), *draw_captured(weights, dtype, inputs(weights, True), int8_audio)]:
            for key, array in constants.items():
                if key not in places:
                    places[key] = external_tensor(key, array, data, data_path.name)
                drawn.initializer.append(places[key])
            paths.append(save(drawn, path.with_name(name)))
    list_path = path.with_name(WEIGHTS)
    list_path.write_text(json.dumps({name: place(tensor) for name, tensor in places.items() if tensor.external_data}, indent=1) + "\n")
    return [*paths, data_path, list_path]


def place(tensor: TensorProto) -> dict:
    return {"type": helper.tensor_dtype_to_np_dtype(tensor.data_type).name, "shape": [*tensor.dims],
            "offset": next(int(entry.value) for entry in tensor.external_data if entry.key == "offset")}


def write_model(graph: onnx.GraphProto, arrays: dict[str, np.ndarray], path: Path) -> list[Path]:
    """A graph with these initialisers; returns the files, as write_graph does."""
    external = sum(array.nbytes for array in arrays.values()) > EXTERNAL_ABOVE_BYTES
    data_path = path.with_name(path.name + ".data")
    if external:
        with open(data_path, "wb") as data:
            for name, array in arrays.items():
                graph.initializer.append(external_tensor(name, array, data, data_path.name))
    else:
        graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())
    save(graph, path)
    return [path, data_path] if external else [path]


def save(graph: onnx.GraphProto, path: Path) -> Path:
    model = helper.make_model(graph, producer_name="murmuration",
                              opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)])
    model.ir_version = IR_VERSION
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def external_tensor(name: str, array: np.ndarray, data, location: str) -> TensorProto:
    """A tensor whose bytes go to the open file `data`, aligned to 4 KiB so that they can be memory mapped."""
    if array.nbytes < 1024:
        return numpy_helper.from_array(array, name)
    data.write(b"\0" * (-data.tell() % 4096))
    tensor = TensorProto(name=name, dims=array.shape, data_type=helper.np_dtype_to_tensor_dtype(array.dtype),
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", data.tell()), ("length", array.nbytes)):
        tensor.external_data.add(key=key, value=str(value))
    array.tofile(data)
    return tensor
