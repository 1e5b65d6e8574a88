#!/usr/bin/env bash
# ./switchyard bench [GOOGLE BENCHMARK ARGUMENTS]: builds and runs every program of tests/bench, e.g.
# `./switchyard bench --benchmark_filter=Flow`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
source "$root/tools/build.sh"
prepare() {
  install_packages "${bench_packages[@]}"
  build_preset bench all
}
with_lock "$root/build/bench" prepare
for program in "$root"/build/bench/tests/bench/*_bench; do
  "$program" "$@"
done
