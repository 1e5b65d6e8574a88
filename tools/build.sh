# Shell functions to install the Debian packages and to build; sourced by ./switchyard and tools/*.sh
# with `root` set to the repository. They speak on stderr and exit with 3 when they cannot go on.

# Every package the project needs on Debian 12, by what needs it.
build_packages=(g++ cmake ninja-build pkg-config ccache libsimgrid-dev libboost-dev libprotobuf-dev
  protobuf-compiler libyaml-cpp-dev libzstd-dev libcli11-dev nlohmann-json3-dev libfmt-dev
  libpugixml-dev libzip-dev coinor-libcbc-dev coinor-libclp-dev)
# clang: that routing gives the same bits when another compiler builds it.
test_packages=("${build_packages[@]}" libgtest-dev python3 clang-14)
bench_packages=("${build_packages[@]}" libbenchmark-dev)
format_packages=(clang-format-14)
tidy_packages=("${test_packages[@]}" clang-tidy-14)

say() { printf 'switchyard: %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 3
}

# with_lock FOLDER COMMAND...: runs the command while nobody else does so for this folder.
with_lock() {
  local folder=$1 lock=$1/launcher.lock
  shift
  { mkdir -p "$folder" && : >>"$lock"; } 2>/dev/null || die "cannot write to $folder"
  {
    flock 9
    "$@"
  } 9>"$lock"
}

# install_packages PACKAGE...: installs what is missing. Elsewhere than on Debian it leaves the
# question to CMake, whose message names the missing library.
install_packages() {
  command -v dpkg-query >/dev/null || return 0
  local missing
  missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
      sed -n 's/^installed //p' | sort -u) | tr '\n' ' ')
  [[ -n $missing ]] || return 0
  missing=${missing% }
  local line="apt-get update && apt-get install -y --no-install-recommends $missing"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null && as_root=(sudo) || die "packages are missing; as root: $line"
    [[ -t 0 && -t 2 ]] || as_root+=(-n) # nobody is there to type a password
  fi
  say "installing $missing"
  local log=$root/build/apt.log
  mkdir -p "$root/build"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y
    -o DPkg::Lock::Timeout=300)
  # shellcheck disable=SC2086 # the list is to be split into words
  { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends $missing; } \
    >"$log" 2>&1 9>&- </dev/null || {
    tail -n 20 "$log" >&2
    die "packages could not be installed ($log); as root: $line"
  }
}

# build_preset PRESET TARGET [CMAKE OPTION...]: configures and builds into build/<folder of the
# preset>, with all output in build.log there.
build_preset() {
  local preset=$1 target=$2 folder=$root/build/$1
  shift 2
  mkdir -p "$folder"
  local log=$folder/build.log fresh=()
  # A copied tree brings a cache of another place.
  grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt" || fresh=(--fresh)
  say "building $target ($preset; log: $log)"
  {
    # 9 is the launcher's lock: nothing the build leaves running may keep it.
    (cd "$root" && cmake --preset "$preset" "${fresh[@]}" "$@") &&
      cmake --build "$folder" --target "$target" -j "$(nproc)"
  } 2>&1 </dev/null 9>&- | tee "$log" | show_progress || {
    tail -n 40 "$log" >&2
    die "the build failed; all of its output: $log"
  }
}

# The program alone. Tests that are configured stay so, or CMake would remove what they built.
build_program() {
  if grep -qs '^SWITCHYARD_TESTS:BOOL=ON' "$root/build/release/CMakeCache.txt"; then
    install_packages "${test_packages[@]}"
    build_preset release switchyard_cli -DSWITCHYARD_TESTS=ON
  else
    install_packages "${build_packages[@]}"
    build_preset release switchyard_cli -DSWITCHYARD_TESTS=OFF
  fi
}

# Reads a build's output and shows its last step, in one line, on a terminal.
show_progress() {
  if [[ ! -t 2 ]]; then
    cat >/dev/null
    return
  fi
  local text
  while read -r text; do
    [[ $text == \[*/*\]* ]] && printf '\r\033[K%.78s' "$text" >&2
  done
  printf '\r\033[K' >&2
}
