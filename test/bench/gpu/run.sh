#!/usr/bin/env bash
# run.sh RESULTS [PART...]: on the GPU machine, in the unpacked folder; REPOSITORY is a checkout. Builds the model of turbo's
# dimensions, measures, and leaves gpu.json in the folder RESULTS. cuDNN is not on the loader's path: the graph needs none.
set -uo pipefail
cd "$(dirname "$0")"
repository=${REPOSITORY:?a checkout of the repository}
binding=$(echo node_modules/onnxruntime-node/bin/napi-v*/linux/x64)
if [ ! -e "$binding/libonnxruntime.so.1" ]; then
  cp lib/* "$binding/"
  ln -sf "$(basename "$(ls "$binding"/libonnxruntime.so.*.*.*)")" "$binding/libonnxruntime.so.1"
fi
site=$(python3 -c 'import site; print(site.getsitepackages()[0])')
export LD_LIBRARY_PATH=${CUDNN:+$site/nvidia/cudnn/lib:}$site/nvidia/cu13/lib:/usr/local/nvidia/lib64:/usr/local/cuda/lib64
chmod +x node
turbo=models/random-turbo-fp16
[ -d $turbo ] || python3 "$repository/test/bench/gpu/random_turbo.py" models models/whisper-tiny.en-fp16/tokenizer.json
cp "$repository/test/bench/gpu/transformers_baseline.py" .
./node measure.mjs models "$1/${NAME:-gpu}.json" "${@:2}"
