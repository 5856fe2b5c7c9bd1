"""Teaches a student with fewer layers what its teacher hears: the teacher's labels, probabilities and hidden states.

  npm run model -- distil SOURCE --decoder-layers 0,3 --data train.jsonl --out FOLDER [--steps 1000] [--resume] …

SOURCE is the teacher, as build.py takes it; the student begins as a copy of the layers named. Clips need no text. The encoder
stays the teacher's, unless --encoder-layers or --train-encoder. FOLDER is a Hugging Face folder, written whole or not at all;
FOLDER.training keeps the checkpoint, progress.jsonl and loss.svg. On several GPUs:
torchrun --nproc-per-node 8 models/distil.py …
"""
from __future__ import annotations

import argparse
import sys

from build import load_source
from training.losses import Objective
from training.options import add_options, read_parts
from training.student import layer_map, read_layers, with_layers
from training.train import Lesson, run_door


def prepare(options: argparse.Namespace) -> Lesson:
    teacher = load_source(options.source, options.revision, options.licence)
    sizes = teacher.dimensions
    decoder = read_layers(options.decoder_layers, sizes.decoder_layers, "decoder")
    encoder = read_layers(options.encoder_layers, sizes.encoder_layers, "encoder")
    parts = read_parts(options.freeze)
    train_encoder = options.train_encoder or len(encoder) < sizes.encoder_layers
    if not train_encoder:
        parts = (*parts, "encoder")
    maps = {"decoder_map": layer_map(len(decoder), sizes.decoder_layers)}
    if train_encoder:
        maps["encoder_map"] = layer_map(len(encoder), sizes.encoder_layers)
    return Lesson(
        "distil", with_layers(teacher, encoder, decoder), teacher,
        Objective(options.label_weight, options.teacher_weight, options.hidden_weight, options.temperature, **maps),
        {"decoderLayers": decoder, "encoderLayers": encoder}, freeze=parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- distil", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--revision", help="of a hub id")
    parser.add_argument("--decoder-layers", help="of the teacher, such as 0,3; default: all")
    parser.add_argument("--encoder-layers", help="likewise")
    parser.add_argument("--train-encoder", action="store_true", help="train a whole encoder too")
    add_options(parser, learning_rate=2e-4, hidden=1.0)
    return run_door(parser, prepare)


if __name__ == "__main__":
    sys.exit(main())
