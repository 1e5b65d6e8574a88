#!/usr/bin/env bash
# ./switchyard tidy [FILE...]: clang-tidy 14 with .clang-tidy over the files given (paths from the
# repository root), or over every source that is compiled.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
source "$root/tools/build.sh"
prepare() {
  install_packages "${tidy_packages[@]}"
  # clang-tidy reads compile_commands.json and the headers that protoc generates.
  build_preset release all -DSWITCHYARD_TESTS=ON
}
with_lock "$root/build/release" prepare
cd "$root"
compiled() {
  sed -n "s|^  \"file\": \"$root/\(.*\)\",\?\$|\1|p" build/release/compile_commands.json |
    grep -v -e '^build/' -e '\.cu$' | sort -u # clang-tidy 14 does not know CUDA 13
}
if (($#)); then files=("$@"); else mapfile -t files < <(compiled); fi
say "clang-tidy on ${#files[@]} files"
# The compile commands have options that only GCC knows; the counts of warnings that are not
# printed say nothing.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p build/release \
    --extra-arg=-Wno-unknown-warning-option 2>&1 |
  sed -E '/^[0-9]+ warnings?( and [0-9]+ errors?)? generated\.$/d'
