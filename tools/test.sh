#!/usr/bin/env bash
# ./switchyard test [CTEST ARGUMENTS]: builds everything in Release and runs every test that needs
# no GPU, e.g. `./switchyard test -L unit`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
source "$root/tools/build.sh"
prepare() {
  install_packages "${test_packages[@]}"
  build_preset release all -DSWITCHYARD_TESTS=ON
}
with_lock "$root/build/release" prepare
cd "$root"
exec ctest --preset release -j "$(nproc)" "$@"
