#!/usr/bin/env bash
# ./switchyard bench [--check | --update] [GOOGLE BENCHMARK ARGUMENTS]: builds and runs every program
# of tests/bench, e.g. `./switchyard bench --benchmark_filter=TwoHop`.
#
#   --check   compares with tests/bench/baseline.json; exit 1 when a row takes more than 1.5 times
#             what it did, the machine's speed aside, measured twice. With a filter, only the rows
#             that it selects.
#   --update  writes that file anew, from all rows: on a quiet machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
source "$root/tools/build.sh"

mode=show
case ${1:-} in
  --check | --update)
    mode=${1#--}
    shift
    ;;
esac
partial=()
filter=()
for argument; do
  case $argument in
    # Calibrate is what the other rows are compared by.
    --benchmark_filter=*) filter=("--benchmark_filter=Calibrate|${argument#*=}") ;;
  esac
done
if [[ ${#filter[@]} -gt 0 ]]; then
  partial=(--partial)
  [[ $mode != update ]] || {
    say "--update takes all rows: no filter"
    exit 2
  }
fi

prepare() {
  install_packages "${bench_packages[@]}" python3
  build_preset bench all
}
with_lock "$root/build/bench" prepare

baseline=$root/tests/bench/baseline.json
results=$root/build/bench/results
rm -rf "$results"
# measure FOLDER PROGRAM [ARGUMENT...]: its rows, and a result in FOLDER.
measure() {
  local folder=$1 program=$2
  shift 2
  mkdir -p "$folder"
  "$program" "$@" "${filter[@]}" --benchmark_out_format=json \
    --benchmark_out="$folder/${program##*/}.json"
}
compare() { python3 -B "$root/tools/bench_compare.py" "$@"; }

programs=$root/build/bench/tests/bench
for program in "$programs"/*_bench; do
  if [[ $mode == show ]]; then "$program" "$@"; else measure "$results" "$program" "$@"; fi
done
shopt -s nullglob
case $mode in
  update) compare update "$baseline" "$results"/*.json ;;
  check)
    # Once more what seems slower: another program may have been in the way.
    for name in $(compare slower "$baseline" "$results"/*.json); do
      measure "$results/again" "$programs/$name" "$@"
    done
    compare check "${partial[@]}" "$baseline" "$results"/*.json "$results"/again/*.json
    ;;
esac
