"""Where a built engine lies, and what it was built from: it serves one graph, one kind of GPU, one TensorRT and one range of
shapes, so all of them are in its folder's name, and anything else is built anew."""
from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from engine.shape_profile import ShapeProfile
from hash_file import hash_file
from weights import ModelError


@dataclass(frozen=True)
class Device:
    """As nvidia-smi names it."""
    name: str
    compute_capability: str  # "9.0"


@dataclass(frozen=True)
class EngineKey:
    device: Device
    tensorrt: str  # "10.16.1"
    precision: str
    profile: ShapeProfile
    graph_sha256: str

    def folder(self, model: Path) -> Path:
        parts = [plain(self.device.name), "sm" + self.device.compute_capability.replace(".", ""), "trt" + self.tensorrt,
                 self.precision, str(self.profile), self.graph_sha256[:12]]
        return model / "engines" / "_".join(parts)

    def timing_cache(self, model: Path) -> Path:
        """What TensorRT measured of its kernels: of use to every graph and shape on this GPU with this version."""
        parts = [plain(self.device.name), "sm" + self.device.compute_capability.replace(".", ""), "trt" + self.tensorrt]
        return model.parent / ".tensorrt" / ("_".join(parts) + ".timing")

    def text(self) -> str:
        """engine.json: layers/whisper/built-engine.ts reads it."""
        described = {"format": 1, "gpu": self.device.name, "computeCapability": self.device.compute_capability,
                     "tensorRtVersion": self.tensorrt, "precision": self.precision, "graphSha256": self.graph_sha256,
                     "rows": self.profile.rows, "positions": self.profile.positions, "graph": "model.onnx"}
        return json.dumps(described, indent=2) + "\n"


def hash_graph(path: Path) -> str:
    """sha256 of the graph; of its hash and that of its weights, in hexadecimal, where they lie in a file of their own."""
    data = path.with_name(path.name + ".data")
    if not data.is_file():
        return hash_file(path)
    return hashlib.sha256((hash_file(path) + hash_file(data)).encode()).hexdigest()


def plain(name: str) -> str:
    """"NVIDIA H100 80GB HBM3" as part of a file's name."""
    made = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not made:
        raise ModelError(f"GPU {name!r} has no name: give the one that nvidia-smi shows with --gpu")
    return made
