#!/usr/bin/env bash
# Everything about the routing kernels that only a GPU can tell, in one call, offline, in under nine
# minutes: builds, checks against the twin, 100 repeated runs, compute-sanitizer, times.
#
#   kernels/gpu/run.sh OUT [REVISION]
#
# Leaves at most 8 files in the folder OUT; what was done stays there when a later part fails or time
# is up:
#   summary.txt        machine, and each part with its verdict
#   build.txt          output of the build, with registers and spills of every kernel
#   check.txt          kernel_check: device against twin, bit for bit
#   golden_hashes.txt  the device's hashes, for kernels/recorded/
#   times.txt          marks and clocks           times.csv  the table (kernels/gpu/times_table.h)
#   repeat.txt         kernel_check --repeat      sanitizer.txt  four tools on the small cases
#
# REVISION: of the sources, where git is absent. From the environment: BUDGET_S (500), seconds for
# all of it; BUILD_S (240), for the build; ARCHITECTURES (90-real); REPEAT (100). Changes no setting of
# the GPU.
#
# Exit code 0: all parts passed; 1: one failed, or did not end in its time; 2: wrong usage; 3: there
# is no GPU: only the build and the twin's hashes were checked.
set -uo pipefail

if (($# < 1 || $# > 2)); then
  sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | grep -v '^set' >&2
  exit 2
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
mkdir -p "$1" || exit 2
out=$(cd "$1" && pwd -P)
build=$root/build/gpu
date=$(date -u +%Y-%m-%d)
revision=${2:-$(git -C "$root" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)}
deadline=$((SECONDS + ${BUDGET_S:-500}))
summary=$out/summary.txt
status=0
# Where the toolkit is installed when PATH does not have it.
[[ -d /usr/local/cuda/bin ]] && PATH=$PATH:/usr/local/cuda/bin

say() { printf '%s\n' "$*" | tee -a "$summary"; }

# part NAME SECONDS LOG COMMAND...: runs it for so long at most, appending to LOG.
part() {
  local name=$1 limit=$2 log=$out/$3 begun=$SECONDS code
  shift 3
  if ((limit > deadline - SECONDS)); then limit=$((deadline - SECONDS)); fi
  if ((limit < 5)); then
    say "$(printf '%-22s not run: no time left' "$name")"
    status=1
    return 1
  fi
  printf '=== %s: %s\n' "$name" "$*" >>"$log"
  timeout --kill-after=5 "$limit" "$@" >>"$log" 2>&1
  code=$?
  local verdict=passed
  if ((code != 0)); then
    verdict="FAILED (exit code $code)" status=1
    if ((code == 124 || code == 137)); then verdict="FAILED (not done in $limit s)"; fi
  fi
  say "$(printf '%-22s %s, %d s: %s' "$name" "$verdict" $((SECONDS - begun)) "$(tail -n 1 "$log")")"
  return "$code"
}

# What stands in the summary before any verdict.
describe_machine() {
  echo "revision $revision, $(date -u '+%Y-%m-%d %H:%M:%S') UTC"
  nvcc --version 2>/dev/null | sed -n 's/^Cuda compilation tools, /nvcc: /p'
  ${CXX:-c++} --version 2>/dev/null | head -n 1
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem \
    --format=csv,noheader 2>/dev/null || echo "nvidia-smi: not there, or no answer"
}

rm -f "$out"/{summary,build,check,golden_hashes,times,repeat,sanitizer}.txt "$out/times.csv"
describe_machine | tee "$summary"
driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1)
origin=(--revision "$revision" --date "$date")
[[ -n $driver ]] && origin+=(--driver "$driver")

generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
part configure "${BUILD_S:-240}" build.txt cmake -S "$root/kernels/gpu" -B "$build" "${generator[@]}" \
  -DSWITCHYARD_CUDA_ARCHITECTURES="${ARCHITECTURES:-90-real}" -DCMAKE_CUDA_FLAGS=-Xptxas=-v &&
  part build "${BUILD_S:-240}" build.txt cmake --build "$build" -j "$(nproc)" --target kernel_check kernel_times || exit 1

part kernel_check 90 check.txt "$build/kernel_check" \
  --golden "$root/kernels/recorded/golden_hashes.txt" --write "$out/golden_hashes.txt" "${origin[@]}"
if grep -q '^device checks are skipped' "$out/check.txt"; then
  rm -f "$out/golden_hashes.txt" # those of the twin are in the repository
  say "no GPU: $(sed -n 's/^device checks are skipped: //p' "$out/check.txt")"
  say "nothing was run on a GPU: the twin was held against kernels/recorded/golden_hashes.txt"
  ((status == 0)) && exit 3
  exit 1
fi
part times 130 times.txt "$build/kernel_times" --csv "$out/times.csv" --seconds 110 "${origin[@]}"
grep '^MARK' "$out/times.txt" | tee -a "$summary"
part "repeat ${REPEAT:-100}" 150 repeat.txt \
  "$build/kernel_check" --require-device --repeat "${REPEAT:-100}"
for tool in memcheck synccheck initcheck racecheck; do
  if ! command -v compute-sanitizer >/dev/null; then
    say "$tool: not run: compute-sanitizer is not installed"
    status=1
    continue
  fi
  part "$tool" 75 sanitizer.txt compute-sanitizer --tool "$tool" --error-exitcode 9 --print-limit 20 \
    "$build/kernel_check" --require-device --small --bare
done
if grep -qs 'Device not supported' "$out/sanitizer.txt"; then
  say "compute-sanitizer refuses this machine's device: the four tools found out nothing"
fi
exit "$status"
