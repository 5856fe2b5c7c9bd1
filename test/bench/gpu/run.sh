#!/usr/bin/env bash
# [DRY_RUN=1] run.sh RESULTS [PART...]: on the GPU machine, in the unpacked folder; REPOSITORY is a checkout. Builds the models
# that are missing, measures, and leaves gpu.json in the folder RESULTS, variants.json (for variants --record --gpu) and the manifest
# of what `verify` has verified. cuDNN is not on the loader's path: the graphs need none.
set -uo pipefail
cd "$(dirname "$0")"
repository=${REPOSITORY:?a checkout of the repository}
python=${PYTHON:-python3}
binding=$(echo node_modules/onnxruntime-node/bin/napi-v*/linux/x64)
if [ ! -e "$binding/libonnxruntime.so.1" ]; then
  cp lib/* "$binding/"
  [ -e "$binding/libonnxruntime.so.1" ] ||
    ln -s "$(basename "$(ls "$binding"/libonnxruntime.so.*.*.*)")" "$binding/libonnxruntime.so.1"
fi
site=$("$python" -c 'import site; print(site.getsitepackages()[0])')
export LD_LIBRARY_PATH=${CUDNN:+$site/nvidia/cudnn/lib:}$site/nvidia/cu13/lib:/usr/local/nvidia/lib64:/usr/local/cuda/lib64
chmod +x node
if [ -d python ]; then # onnxruntime-gpu for Python, which has the same CUDA provider
  ln -sf ../../../lib/libonnxruntime_providers_{cuda,shared}.so python/onnxruntime/capi/
  export PYTHONPATH=$PWD/python
fi
if [ ! -e models/complete ]; then
  "$python" "$repository/test/bench/gpu/build_models.py" models weights $([ ! -d variants ] || echo variants) ${DRY_RUN:+--dry-run} || exit
  touch models/complete
fi
cp "$repository/test/bench/gpu/transformers_baseline.py" .
./node measure.mjs models "$1/${NAME:-gpu}.json" "${@:2}"
