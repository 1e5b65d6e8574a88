#!/usr/bin/env bash
# ./switchyard sanitize [CTEST ARGUMENTS]: the tests under AddressSanitizer (with its leak check)
# and UndefinedBehaviorSanitizer, built in build/sanitize.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
source "$root/tools/build.sh"
prepare() {
  install_packages "${test_packages[@]}"
  build_preset sanitize all
}
with_lock "$root/build/sanitize" prepare
cd "$root"
exec ctest --preset sanitize -j "$(nproc)" "$@"
