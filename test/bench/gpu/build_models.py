"""build_models.py OUT WEIGHTS [VARIANTS] [--dry-run]: the graphs that are measured on a GPU, into the folder OUT.

WEIGHTS is tiny.en's folder: real weights, whose tokens are compared with the CPU's, and a tokenizer for the others. Those have
random weights: they compute as much as real ones, and say nonsense. `shapes.json` beside this file names more of them.
VARIANTS holds folders of weights that were made of tiny.en's, each named as its row of the table of variants: OUT/variants.
MODELS="NAME …" in the environment: these alone. --dry-run: small, and for a processor, which has the same kernels but two (graph_step.py)."""
import json
import os
import sys
from pathlib import Path

import numpy as np

here = Path(__file__).parent
models = here.parents[2] / "models"
sys.path[:0] = [str(models), str(models / "tests")]

import leave_out  # noqa: E402
import graph_step  # noqa: E402
from build import build, load_source  # noqa: E402
from random_whisper import RandomWhisper, random_tensors  # noqa: E402
from read_json_object import read_json_object  # noqa: E402
from training.student import with_layers  # noqa: E402
from training.trained import STEP, with_trained  # noqa: E402
from weights import Dimensions, Source, Tokens, WhisperWeights  # noqa: E402

TURBO = dict(mels=128, audio_context=1500, text_context=448, width=1280, encoder_layers=32, encoder_heads=20,
             decoder_layers=4, decoder_heads=20, vocabulary=51866)
INT8 = "-int8-cache"  # steps read the audio's keys and values so
SMALL = dict(width=128, encoder_layers=2, encoder_heads=2, decoder_layers=2, decoder_heads=2)


class Pool:
    """Repeats four million random numbers: drawing all 800 million takes longer than building the graph."""

    numbers = np.random.default_rng(0).standard_normal(1 << 22).astype(np.float32)

    def standard_normal(self, shape, _dtype):
        return np.resize(self.numbers, shape)


def random_model(tokenizer: Path, shape: dict, dry: bool) -> RandomWhisper:
    """`shape`: turbo's dimensions changed; `heads` and `channels` kept in each encoder layer, and their linear layers' `rank`."""
    sizes = TURBO | (SMALL if dry else {key: value for key, value in shape.items() if key in TURBO})
    whisper = RandomWhisper(vocabulary=51866, languages=4, end_of_text=50256)
    whisper.dimensions = Dimensions(**sizes)
    whisper.tensors = random_tensors(whisper.dimensions, Pool(), 0.02)
    for name in ("encoder.embed_positions", "decoder.embed_positions", "decoder.embed_tokens"):
        whisper.tensors[f"model.{name}.weight"] *= 0.02
    whisper.tokens = Tokens(**vars(whisper.tokens))
    heads = [(0, 0), (1, 1)] if dry else [(2, 4), (2, 11), (3, 3), (3, 6), (3, 11), (3, 14)]
    whisper.alignment_heads = sorted({(min(layer, sizes["decoder_layers"] - 1), head) for layer, head in heads})
    whisper.source = Source("huggingface", "random", "0" * 64, "MIT")
    whisper.tokenizer_path, whisper.provenance = tokenizer, None
    for index in range(sizes["encoder_layers"]):
        shrink(whisper.tensors, f"model.encoder.layers.{index}.", shape, sizes["width"] // sizes["encoder_heads"], dry)
    return whisper


def shrink(tensors: dict[str, np.ndarray], layer: str, shape: dict, head_size: int, dry: bool) -> None:
    inner = head_size * (1 if dry else shape["heads"]) if "heads" in shape else None
    channels = (64 if dry else shape["channels"]) if "channels" in shape else None
    for name in ("q_proj", "k_proj", "v_proj"):
        for part in ("weight", "bias"):
            if (key := f"{layer}self_attn.{name}.{part}") in tensors:
                tensors[key] = tensors[key][:inner]
    tensors[layer + "self_attn.out_proj.weight"] = tensors[layer + "self_attn.out_proj.weight"][:, :inner]
    for part in ("weight", "bias"):
        tensors[f"{layer}fc1.{part}"] = tensors[f"{layer}fc1.{part}"][:channels]
    tensors[layer + "fc2.weight"] = tensors[layer + "fc2.weight"][:, :channels]
    for name, rank in shape.get("rank", {}).items():
        outputs, inputs = tensors.pop(f"{layer}{name}.weight").shape
        rank = 16 if dry else rank
        tensors[f"{layer}{name}.up.weight"] = np.resize(Pool.numbers * np.float32(0.02), (outputs, rank))
        tensors[f"{layer}{name}.down.weight"] = np.resize(Pool.numbers * np.float32(0.02), (rank, inputs))


def write(weights, name: str, out: Path, dry: bool, cache: str = "float16") -> None:
    if name not in os.environ.get("MODELS", name).split():
        return
    folder = build(weights, "fp32" if dry else "fp16", "cuda", out, name, force=True, cache=cache)
    if name in ("random-turbo-fp16", "random-turbo-fp16" + INT8):
        leave_out.write_all(folder)
    if dry:  # the engine, too, is to take a processor
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text("utf8"))
        manifest["graph"]["target"] = "cpu"
        path.write_text(json.dumps(manifest), "utf8")
    print(folder, flush=True)


def brought(tiny: WhisperWeights, folder: Path) -> WhisperWeights:
    """A folder of weights, or a FOLDER.training: only what training left otherwise than it is in tiny.en."""
    if not (folder / STEP).is_file():
        return load_source(str(folder))
    figures = read_json_object(folder / STEP)["figures"]
    if "decoderLayers" in figures:  # of a distillation
        tiny = with_layers(tiny, figures["encoderLayers"], figures["decoderLayers"])
    return with_trained(tiny, folder)[0]


def main() -> None:
    dry = "--dry-run" in sys.argv
    out, folder, *variants = map(Path, [each for each in sys.argv[1:] if each != "--dry-run"])
    graph_step.FOR_GPU = not dry
    tiny = load_source(str(folder))
    for weights, name in ((tiny, "whisper-tiny.en-fp16"), (random_model(tiny.tokenizer_path, {}, dry), "random-turbo-fp16")):
        write(weights, name, out, dry)
        write(weights, name + INT8, out, dry, "int8")
    for name, shape in json.loads((here / "shapes.json").read_text("utf8")).items():
        write(random_model(tiny.tokenizer_path, shape, dry), f"random-{name}-fp16", out, dry)
    for each in sorted(variants[0].iterdir()) if variants else []:
        write(brought(tiny, each), each.name, out / "variants", dry)


if __name__ == "__main__":
    main()
