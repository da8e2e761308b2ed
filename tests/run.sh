#!/bin/sh
# Installs what is missing (Debian packages), builds, runs every test, and ends with
# "N passed, N failed, N skipped".
#
# usage: tests/run.sh [quick]      quick: only the plain build, no sanitizers, no fuzzers
# environment: FUZZ_SECONDS, how long each fuzz target looks for inputs (60)
set -eu
cd "$(dirname "$0")/.."
mode=${1:-all}
top=${APEX_BUILD_DIR:-build}

case $mode in
all | quick) ;;
*) echo "usage: tests/run.sh [quick]" >&2; exit 2 ;;
esac

. tests/packages.sh
install_packages build test

mkdir -p "$top"
broken=
rm -f "$top"/*/meson-logs/testlog.json

# A build or a run without results counts as one failed test.
breaks() {
  echo "$1 failed" >&2
  broken="$broken --failed $2"
}

# name, then meson options. Lines are all that a report needs of what debuggers are told, and a third is saved.
setup() {
  name=$1
  shift
  [ ! -f "$top/$name/build.ninja" ] || return 0
  meson setup "$top/$name" -Ddebug=false -Dc_args=-g1 "$@" > "$top/$name.setup.log" 2>&1 ||
    { cat "$top/$name.setup.log"; breaks "meson setup $top/$name" "build/$name"; return 1; }
}

# name; everything there is
build() {
  echo "== build $1"
  ninja -C "$top/$1" > "$top/$1.build.log" 2>&1 ||
    { tail -n 60 "$top/$1.build.log"; breaks "ninja -C $top/$1" "build/$1"; return 1; }
}

# name, then meson test options. The mounts are tested over io_uring, too, where root can have the kernel offer it.
# Builds what the chosen tests need; a failed test is counted by the summary.
run() {
  name=$1
  shift
  echo "== test $name"
  sh tests/support/with_uring.sh meson test -C "$top/$name" --print-errorlogs --num-processes "$processes" "$@" || true
  [ -s "$top/$name/meson-logs/testlog.json" ] || breaks "meson test -C $top/$name" "run/$name"
}

# one more than CPUs: many tests wait for the disk, or for a time to pass
processes=$(($(nproc) + 1))

if setup plain && build plain; then
  # each eighth call and allocation fails; the long forms fail each of them in all ways
  APEX_FAULT_STRIDE=8
  export APEX_FAULT_STRIDE
  run plain
fi

# name, then sanitizers. gcc warns of more than there is when it instruments: the plain build is the judge of
# warnings. -O1 builds in half the time, and the tests take little longer.
setup_sanitized() {
  setup "$1" "-Db_sanitize=$2" -Doptimization=1 -Db_lundef=false -Dwerror=false
}

if [ "$mode" = all ]; then
  # One process for all tests of a program: the thread sanitizer cannot do with more, and the address
  # sanitizer looks for leaks at the end of each, which is two fifths of the time.
  CK_FORK=no
  # What is freed stays so for 32 MiB, which is many stores' lives, and not for 256: the kernel would spend as much
  # time on new pages as the tests take. The fuzzers have it all. The rest is what meson would set.
  ASAN_OPTIONS=quarantine_size_mb=32:halt_on_error=1:abort_on_error=1:print_summary=1
  export CK_FORK ASAN_OPTIONS
  if setup_sanitized asan address,undefined; then
    # a trial of the fault loops costs ten times as much: each 80th call is enough to see leaks
    APEX_FAULT_STRIDE=80
    run asan --suite unit --suite replay --suite model --suite cli --suite stress --suite fault
  fi
  if setup_sanitized tsan thread; then
    run tsan --suite unit --suite stress --no-suite pure
  fi
  CC=clang
  export CC
  unset ASAN_OPTIONS
  if setup fuzz -Dfuzz=true -Db_sanitize=address,undefined -Doptimization=1 -Db_lundef=false -Dwerror=false; then
    # each has its minute all the same, though not a core of its own
    run fuzz --suite fuzz --num-processes 20
  fi
fi

set --
for testlog in "$top"/*/meson-logs/testlog.json; do
  [ ! -f "$testlog" ] || set -- "$@" "$testlog"
done
# shellcheck disable=SC2086 # a list of words
python3 tests/summary.py $broken "$@"
