"""Builds a TensorRT engine of a model's encoder, for this machine's GPU: `--provider tensorrt` looks for it.

  npm run model -- build-engine MODEL [--rows 1,16,64] [--seconds 15,30,30] [--print]

MODEL is a folder, or an id in models/artifacts, built with --target cuda. Needs TensorRT 10's trtexec on PATH (or --trtexec)
and, to run it, the same TensorRT's libraries on the loader's path. The engine lies in MODEL/engines, in a folder named after
GPU, TensorRT, precision, shapes and graph: what is there already is not built again, and what no longer fits is never used.
--print writes encoder.onnx and says the trtexec command, for a machine that has TensorRT and no Python; --engine then takes
what that machine made, with its --gpu, --compute-capability and --tensorrt.

Never run with TensorRT itself: it could not be had (PyPI's tensorrt-cu13-libs is a stub that fetches from NVIDIA's own index).
What must be tried first is whether onnxruntime 1.30 takes an EPContext node among others; its earlier releases wanted it to be
the only node of a graph. If it does not, the session does not open and layers/whisper goes on with CUDA.
"""
from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import onnx

from engine.context_graph import context_graph, write_model
from engine.encoder_subgraph import LAST_NORM, borders, encoder_subgraph
from engine.engine_folder import Device, EngineKey, hash_graph
from engine.shape_profile import ShapeProfile, parse_profile
from manifest import Manifest, read_manifest
from weights import ModelError
from whole_folder import whole_folder

ARTIFACTS = Path(__file__).parent / "artifacts"
SUPPORTED = "10"  # onnxruntime 1.30 is linked with libnvinfer.so.10


def trtexec_command(trtexec: str, folder: Path, tensor: str, shapes: dict[str, str], precision: str, timing: Path) -> list[str]:
    """Types as the graph has them where it is in halves; a float32 graph lets TensorRT choose halves."""
    return [trtexec, f"--onnx={folder / 'encoder.onnx'}", f"--saveEngine={folder / 'encoder.engine'}",
            *[f"--{name}Shapes={tensor}:{shape}" for name, shape in shapes.items()],
            "--stronglyTyped" if precision == "fp16" else "--fp16", f"--timingCacheFile={timing}", "--skipInference"]


def ask(command: list[str], what: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError(f"{what}: {command[0]} could not be asked ({error})") from error


def find_device(gpu: str | None, capability: str | None) -> Device:
    if gpu and capability:
        return Device(gpu, capability)
    table = ask(["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader"],
                "this machine shows no GPU: name the one to build for with --gpu and --compute-capability")
    name, found = (part.strip() for part in table.splitlines()[0].rsplit(",", 1))
    return Device(gpu or name, capability or found)


def parse_version(text: str) -> str:
    """trtexec says "TensorRT v101601": major, then two digits each."""
    found = re.search(r"TensorRT[ .]v(\d+)(\d\d)(\d\d)\b", text)
    if not found:
        raise ModelError("trtexec does not say its version: give it with --tensorrt 10.16.1")
    return ".".join(str(int(part)) for part in found.groups())


def find_version(trtexec: str) -> str:
    done = subprocess.run([trtexec, "--help"], capture_output=True, text=True, timeout=60, check=False)
    return parse_version(done.stdout + done.stderr)


def build_engine(model: Path, manifest: Manifest, key: EngineKey, trtexec: str, engine: Path | None = None) -> Path:
    """Writes the engine's folder, whole or not at all, and returns it; one that is there is kept. `engine` was built elsewhere."""
    final = key.folder(model)
    if (final / "engine.json").is_file():
        return final
    graph = onnx.load(str(model / manifest.graph.file))
    with whole_folder(final, force=True) as folder:
        if engine is not None:
            shutil.copyfile(engine, folder / "encoder.engine")
        else:
            command = prepare(graph, manifest, key, folder, trtexec, key.timing_cache(model))
            print(shlex.join(command), file=sys.stderr)
            if subprocess.run(command, stdout=2, check=False).returncode != 0:
                raise ModelError("trtexec failed, see its words above: check that its TensorRT fits this GPU and driver")
            (folder / "encoder.onnx").unlink()
        write_model(context_graph(graph, "encoder.engine", key.device.compute_capability, key.tensorrt), folder / "model.onnx")
        (folder / "engine.json").write_text(key.text(), "utf8")
    return final


def prepare(graph, manifest: Manifest, key: EngineKey, folder: Path, trtexec: str, timing: Path) -> list[str]:
    """Writes encoder.onnx and returns the command that builds its engine."""
    write_model(encoder_subgraph(graph), folder / "encoder.onnx")
    width = next(tensor.dims[0] for tensor in graph.graph.initializer if tensor.name == LAST_NORM)
    timing.parent.mkdir(parents=True, exist_ok=True)
    start, _ = borders(graph.graph)
    return trtexec_command(trtexec, folder, start, key.profile.shapes(width), manifest.graph.precision, timing)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="model build-engine", description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--rows", default="1,16,64", help="segments of a batch: least, usual, most (default: %(default)s)")
    parser.add_argument("--seconds", default="15,30,30", help="their windows: least, usual, most (default: %(default)s)")
    parser.add_argument("--gpu", help="its name (default: the first that nvidia-smi shows)")
    parser.add_argument("--compute-capability", help="such as 9.0 (default: as nvidia-smi says)")
    parser.add_argument("--tensorrt", help="version, such as 10.16.1 (default: as trtexec says)")
    parser.add_argument("--trtexec", default="trtexec", help="the program (default: the one on PATH)")
    parser.add_argument("--engine", type=Path, metavar="FILE", help="one that trtexec has built on another machine")
    parser.add_argument("--print", action="store_true", help="write encoder.onnx and say the command, build nothing")
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except ModelError as error:
        print(f"model build-engine: {error}", file=sys.stderr)
        return 2


def run(options: argparse.Namespace) -> int:
    model = Path(options.model) if Path(options.model).is_dir() else ARTIFACTS / options.model
    manifest = read_manifest(model)
    profile: ShapeProfile = parse_profile(options.rows, options.seconds, manifest.dimensions.audio_context)
    if manifest.graph.target != "cuda":
        raise ModelError(f"{manifest.id} is built for {manifest.graph.target}: build it again with --target cuda")
    has_trtexec = shutil.which(options.trtexec) is not None
    if options.engine and not (options.tensorrt and options.gpu and options.compute_capability and options.engine.is_file()):
        raise ModelError("--engine takes a file, and --tensorrt, --gpu and --compute-capability of the machine that built it")
    if not has_trtexec and not options.print and not options.engine:
        raise ModelError(f'"{options.trtexec}" is not there: install TensorRT {SUPPORTED}, or write the command with --print')
    version = options.tensorrt or (find_version(options.trtexec) if has_trtexec else SUPPORTED)
    if version.split(".")[0] != SUPPORTED:
        raise ModelError(f"TensorRT {version} cannot be loaded by onnxruntime: it takes {SUPPORTED}")
    device = find_device(options.gpu, options.compute_capability)
    key = EngineKey(device, version, manifest.graph.precision, profile, hash_graph(model / manifest.graph.file))
    if options.print:
        folder = model / "engines" / "prepared"
        folder.mkdir(parents=True, exist_ok=True)
        graph = onnx.load(str(model / manifest.graph.file))
        print(shlex.join(prepare(graph, manifest, key, folder, options.trtexec, key.timing_cache(model))))
        return 0
    print(build_engine(model, manifest, key, options.trtexec, options.engine))
    return 0


if __name__ == "__main__":
    sys.exit(main())
