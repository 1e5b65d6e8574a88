#!/usr/bin/env bash
# Trains one router model of size `gpu` on a machine with a CUDA GPU and no network, exports its four
# checkpoints and prints their statistics: nine minutes at most, eight files at most.
#
#   kernels/training/gpu_run.sh pack TOKENS PACK        before, where TOKENS were made (see README.md)
#   kernels/training/gpu_run.sh run MODEL PACK OUT      there; MODEL is a, b or c
#
# Not run on a GPU yet.
#
# PACK is one file: the folder that tokens.py wrote, with xz. OUT gets, for each checkpoint, the trace
# when SWITCHYARD names the program (`switchyard trace record`), else a small .safetensors file, and
# the training's log and the statistics.
#
# MINUTES (7) is the training's time; what remains of the nine is unpacking and export. SIZE=cpu
# DEVICE=cpu MINUTES=1 tries the script itself anywhere.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
minutes=${MINUTES:-7}
size=${SIZE:-gpu}
device=${DEVICE:-cuda}

pack() {
  local tokens=$1 pack=$2
  tar -C "$tokens" -cf - train.u16 held_out.json tokens.json | xz -T0 -6 >"$pack"
  ls -l "$pack"
}

# Sequences of each domain in an export: the last checkpoint's statistics want many, and a logits
# file of fewer fits into 16 MB.
export_checkpoint() {
  local model=$1 percent=$2 work=$3 out=$4 name=${1}_${2}
  local length=1024 per_domain=1 options
  if [[ $percent == 100 ]]; then per_domain=3; fi
  "$python" -B "$here/export.py" --checkpoint "$work/run/model_$percent.pt" --tokens-from "$work" \
    --out "$work/$name.safetensors" --device "$device" \
    --length "$length" --per-domain "$per_domain"
  if [[ -n ${SWITCHYARD:-} ]]; then
    # A step of the trace is a group of the export: one sequence of each of the 14 domains.
    read -ra options <<<"$(router_of "$model")"
    "$SWITCHYARD" trace record "$out/$name.trace" "${options[@]}" \
      --logits "$work/$name.safetensors" --step-tokens $((14 * length)) --weights bf16
  else
    "$python" -B "$here/export.py" --checkpoint "$work/run/model_$percent.pt" \
      --tokens-from "$work" --out "$out/$name.safetensors" \
      --device "$device" --length 256 --per-domain 1
  fi
}

router_of() {
  case $1 in
    a) echo --router deepseek_v3 --groups 1 ;;
    b) echo --router mixtral ;;
    c) echo --router switch ;;
  esac
}

run() {
  local model=$1 pack=$2 out=$3 work
  work=$(mktemp -d)
  mkdir -p "$out"
  xz -dc "$pack" | tar -C "$work" -xf -
  "$python" -B "$here/train.py" --model "$model" --size "$size" --device "$device" \
    --tokens-from "$work" --out "$work/run" --minutes "$minutes"
  cp "$work/run/log.jsonl" "$out/$model.log.jsonl"
  for percent in 000 005 030 100; do
    export_checkpoint "$model" "$percent" "$work" "$out"
  done
  "$python" -B "$here/stats.py" "$work/${model}_100.safetensors" \
    --control "$work/${model}_000.safetensors" | tee "$out/$model.stats.txt"
  rm -r "$work"
}

case ${1:-} in
  pack) pack "$2" "$3" ;;
  run) run "$2" "$3" "$4" ;;
  *)
    sed -n '2,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
