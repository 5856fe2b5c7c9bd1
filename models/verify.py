"""Compares the tokens of a built graph with a reference implementation that runs the same weights on real speech.

  npm run model -- verify MODEL [--source SOURCE] [--revision REVISION] [--clips REFERENCES.jsonl] [--tolerance PERCENT]
  npm run model -- verify MODEL --write-reference FOLDER …    # in two halves: here what the reference hears,
  npm run model -- verify MODEL --reference FOLDER            # where the graph runs, say on a GPU, the rest

MODEL is a folder, or the id of one under models/artifacts. SOURCE is what it was built from (see build); it need not be
said for a hub id or a package. Within the tolerance the result is written into the manifest as `verified`; beyond it
`verified` is null afterwards and the exit code 1. Exit code 2: there is nothing to compare.
"""
from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from pathlib import Path

from build import ARTIFACTS, load_source
from clips import REFERENCES
from compare_tokens import choose_clips, compare, format_comparison
from manifest import Manifest, Verified, read_manifest, write_manifest
from plain_whisper import PlainWhisper
from recorded_reference import CLIPS, RecordedReference, write_reference
from reference import Reference, open_reference
from run_graph import Graph, check_files
from weights import ModelError, WhisperWeights

# Percent of the reference's tokens, over both passes. Greedy decoding is equal until two tokens are almost equally likely;
# after one other choice a few tokens differ, or all the rest of the clip. Looser than what was measured on tiny.en (48 clips,
# 2,257 tokens: fp32 and fp16 0 %, int8 4 %, int4 16 %), because that says little of other models and clips. Faults put into an fp32 graph on
# purpose gave 7 % (two heads of one layer swapped), 12 % (no bias of one layer's values), 260 % and more (other biases, norms,
# positions): fp32 tells all of them, int8 and int4 not the small ones. So verify the same weights in fp32 too.
TOLERANCES = {
    "fp32": 0.5,  # only the order of sums differs: one near tie in 200 tokens, and hardly ever that
    "fp16": 2.0,  # 11 bits of mantissa move a logit by about 0.01: near ties that fp32 keeps may turn
    "int8": 10.0,  # turns a token in every third or fourth clip, mostly a timestamp by 20 ms; WER stays within 0.5 points
    "mixed": 25.0,  # of any precisions: as loose as the loosest
    "int4": 25.0,  # turns one in two clips of three, and words too (WER 13.6 in place of 9.5 on tiny.en)
}


def verify(folder: Path, source: str | None, clips_path: Path, tolerance: float | None, revision: str | None = None,
           recorded: Path | None = None) -> int:
    """Prints the table, writes the outcome into the manifest, returns the exit code. `recorded`: what a reference heard elsewhere."""
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    reference = RecordedReference(recorded, manifest) if recorded else find_reference(manifest, source, revision)
    clips, graph = choose_clips(clips_path, manifest), Graph(folder, manifest)
    print(f"{manifest.id} beside {reference.name}\n{'clip':40} {'tokens':>6} {'errors':>6}  first difference", flush=True)
    comparisons = []
    for comparison in compare(graph, reference, manifest, clips):
        comparisons.append(comparison)
        print(format_comparison(comparison), flush=True)
    total = sum(comparison.tokens for comparison in comparisons)
    if total == 0:
        raise ModelError(f"{reference.name} hears nothing in {clips_path}: give clips with speech")
    percent = round(100 * sum(comparison.errors for comparison in comparisons) / total, 2)
    limit = TOLERANCES[manifest.graph.precision] if tolerance is None else tolerance
    verified = Verified(reference.name, len(clips), sum(c.errors == 0 for c in comparisons), percent, limit)
    print(f"{verified.clips_equal} of {verified.clips} clips equal, token error {percent} %, tolerance {limit} %")
    write_manifest(dataclasses.replace(manifest, verified=verified if percent <= limit else None), folder)
    if percent <= limit:
        return 0
    print(f"model: {manifest.id} is not verified: token error {percent} % is beyond the tolerance of {limit} % "
          f"for {manifest.graph.precision}", file=sys.stderr)
    return 1


def find_reference(manifest: Manifest, source: str | None, revision: str | None) -> Reference:
    weights = load_source(source or source_of(manifest), revision)
    if weights.source.sha256 != manifest.source.sha256:
        raise ModelError(f"{weights.source.name} has not the weights of {manifest.id} (expected sha256 {manifest.source.sha256}, "
                         f"found {weights.source.sha256}): give the --source that it was built from")
    return reference_for(weights, manifest)


def reference_for(weights: WhisperWeights, manifest: Manifest) -> Reference:
    """Others' code for weights as they were published. Ours for those that steps of ours have made: others cannot hold them."""
    if weights.provenance and weights.provenance.steps:
        return PlainWhisper(weights, manifest)
    return open_reference(weights.tokenizer_path.parent, manifest)


def source_of(manifest: Manifest) -> str:
    if re.fullmatch(r"pypi:.+|[\w.-]+/[\w.-]+", manifest.source.name):
        return manifest.source.name
    raise ModelError(f"{manifest.id} was built from a folder called {manifest.source.name}: say where it is with --source")


def find_model(name: str) -> Path:
    folder = Path(name) if Path(name).is_dir() else ARTIFACTS / name
    if not name or not folder.is_dir():
        raise ModelError(f"there is no model {name!r}: give a folder, or the id of one under models/artifacts")
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="npm run model -- verify", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--source", help="default: what the manifest names, if that is a hub id or a package")
    parser.add_argument("--revision", help="of a hub id")
    parser.add_argument("--clips", type=Path, help="default: test/fixtures/audio/references.jsonl, or those of the --reference")
    parser.add_argument("--tolerance", type=float, help="percent of tokens; default: by precision")
    halves = parser.add_mutually_exclusive_group()
    halves.add_argument("--write-reference", type=Path, metavar="FOLDER", help="keep what the reference hears, and the clips; run no graph")
    halves.add_argument("--reference", type=Path, metavar="FOLDER", help="take what --write-reference kept; needs no source")
    options = parser.parse_args()
    clips = options.clips or (options.reference / CLIPS if options.reference else REFERENCES)
    try:
        folder = find_model(options.model)
        if options.write_reference:
            manifest = read_manifest(folder)
            reference = find_reference(manifest, options.source, options.revision)
            write_reference(reference, manifest, choose_clips(clips, manifest), options.write_reference)
            return 0
        return verify(folder, options.source, clips, options.tolerance, options.revision, options.reference)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
