"""A random Whisper as WhisperWeights, whole, pruned or factored, and what the graph says of it."""
from pathlib import Path

import numpy as np
import onnxruntime

from random_whisper import RandomWhisper
from weights import Dimensions, Source, Tokens, WhisperWeights

VOCABULARY, END = 400, 200
LAYER = "model.{}.layers.0."


def tiny_weights(shape: str = "whole", folder: Path = Path("."), **options) -> WhisperWeights:
    whisper = RandomWhisper(width=64, heads=2, vocabulary=VOCABULARY, end_of_text=END, **options)
    tensors = dict(whisper.tensors)
    if shape == "pruned":
        prune(tensors)
    if shape == "factored":
        factor(tensors)
    return WhisperWeights(
        source=Source("huggingface", "tiny", "0" * 64, "MIT"), dimensions=Dimensions(**vars(whisper.dimensions)),
        tokens=Tokens(**vars(whisper.tokens)), languages=whisper.languages, suppress=whisper.suppress,
        suppress_at_begin=whisper.suppress_at_begin, alignment_heads=whisper.alignment_heads,
        tokenizer_path=folder / "tokenizer.json", tensors={name: (lambda array=array: array) for name, array in tensors.items()})


def prune(tensors: dict) -> None:
    """Takes one head and half of the feed-forward channels off the first layer of each half."""
    for layer in map(LAYER.format, ("encoder", "decoder")):
        for attention in ("self_attn", "encoder_attn")[: 1 + ("decoder" in layer)]:
            for name in ("q_proj.weight", "q_proj.bias", "k_proj.weight", "v_proj.weight", "v_proj.bias"):
                tensors[f"{layer}{attention}.{name}"] = tensors[f"{layer}{attention}.{name}"][:32]
            tensors[f"{layer}{attention}.out_proj.weight"] = tensors[f"{layer}{attention}.out_proj.weight"][:, :32].copy()
        tensors[layer + "fc1.weight"], tensors[layer + "fc1.bias"] = tensors[layer + "fc1.weight"][:128], tensors[layer + "fc1.bias"][:128]
        tensors[layer + "fc2.weight"] = tensors[layer + "fc2.weight"][:, :128].copy()


def factor(tensors: dict) -> None:
    for key in (LAYER.format("encoder") + "fc1", LAYER.format("encoder") + "self_attn.q_proj", LAYER.format("decoder") + "fc2"):
        left, values, right = np.linalg.svd(tensors.pop(key + ".weight"), full_matrices=False)
        tensors[key + ".up.weight"] = (left[:, :32] * values[:32]).astype(np.float32)
        tensors[key + ".down.weight"] = np.ascontiguousarray(right[:32], np.float32)


def speech(seconds: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.standard_normal(round(seconds * 16000)) * np.hanning(round(seconds * 16000)) * 0.1).astype(np.float32)


def open_session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def first_logprobs(session, clip: np.ndarray, tokens: list[int], whole: bool = False) -> np.ndarray:
    """Log-probabilities after the last of `tokens`, as the graph has them: of the start token that `sot_index` names."""
    kept = 1500 if whole else -(-len(clip) // 320) + 50
    stride = 0 if whole else 16
    tail = 0 if whole else max(0, -(-(1500 - kept - 8) // 16))
    pcm = np.zeros((1, 320 * (kept + tail)), np.float32)
    pcm[0, : len(clip)] = clip
    [probabilities] = session.run(["probe_prob"], dict(
        pcm=pcm, lengths=np.array([kept]), silence_stride=np.array(stride), prompt=np.array([tokens]),
        sot_index=np.array(len(tokens) - 1), max_new=np.array([1]), masks=np.zeros((1, VOCABULARY), np.float32),
        forced=np.zeros(0, np.int64), probe_ids=np.arange(VOCABULARY), temperature=np.zeros(1, np.float32),
        seed=np.zeros(1, np.int64), timestamps=np.array(False), alignment_on=np.array(False)))
    return np.log(np.maximum(probabilities[0], 1e-30))
