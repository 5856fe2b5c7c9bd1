#!/usr/bin/env bash
# dry-run.sh FOLDER: packs, carries, builds and measures as on a GPU machine, but small and on this one's processor, to prove that
# every script runs through; PYTHON has numpy and onnx. Leaves FOLDER/results/gpu.json; its figures mean nothing but the words.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
export DRY_RUN=1 LEVEL=0 REPOSITORY=$root
rm -rf "$folder"/{parts,machine} && mkdir -p "$folder"/{parts,machine,results}
"$root/test/bench/gpu/pack.sh" "$folder/parts" "$root/test/fixtures/audio/whats-the-weather-like.mp3"
(cd "$folder/parts" && sha256sum --check --quiet sha256sums && cat part-*) | xz -dc | tar -x -C "$folder/machine"
"$folder/machine/run.sh" "$folder/results" words steps captured capturedWords bare sessions server serverOfTwoSessions memory models contexts
