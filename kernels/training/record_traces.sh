#!/usr/bin/env bash
# Routes every exported checkpoint with the routing kernels, or their twin, and writes the traces:
#
#   kernels/training/record_traces.sh EXPORTED kernels/recorded
#
# EXPORTED holds a_000.safetensors to c_100.safetensors (export.py): the letter is the model, the number the share of
# its training in per cent. Only the last checkpoints keep router weights, as bf16.
# A step is a round of the export, one sequence of 512 tokens of each of its 14 domains.
set -euo pipefail

exported=$1
recorded=$2
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/kernels/training/*}

record() { # LETTER NAME ROUTER [OPTION...]
  local letter=$1 name=$2 router=$3 share weights
  shift 3
  for share in 000 005 030 100; do
    weights=none
    [[ $share == 100 ]] && weights=bf16
    "$root/switchyard" trace record "$recorded/${name}_$share.trace" --router "$router" \
      --logits "$exported/${letter}_$share.safetensors" --weights $weights --step-tokens 7168 "$@"
  done
}

record a deepseek_like_64e_top6 deepseek_v3 --groups 1
record b mixtral_like_8e_top2 mixtral
record c switch_like_32e_top1 switch
