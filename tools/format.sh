#!/usr/bin/env bash
# ./switchyard format [--check]: clang-format 14 over every C++ and CUDA source; --check changes
# nothing and fails on a difference.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
source "$root/tools/build.sh"
case ${1:-} in
  --check) mode=(--dry-run -Werror) ;;
  '') mode=(-i) ;;
  *)
    say "usage: ./switchyard format [--check]"
    exit 2
    ;;
esac
install_packages "${format_packages[@]}"
cd "$root"
find . \( -path ./build -o -path ./out -o -path ./.git \) -prune -o \
  -type f -regex '.*\.\(h\|cc\|cu\|cuh\)' -print0 | xargs -0 -r clang-format-14 "${mode[@]}"
