#!/bin/sh
# Installs what is missing (Debian packages), builds, runs every test, and ends with
# "N passed, N failed, N skipped".
#
# usage: tests/run.sh [quick]      quick: only the plain build, no sanitizers
set -eu
cd "$(dirname "$0")/.."
mode=${1:-all}
top=${APEX_BUILD_DIR:-build}

. tests/packages.sh
install_packages build test

mkdir -p "$top"
rm -f "$top"/*/meson-logs/testlog.json

# name, then meson options
build() {
  name=$1
  shift
  if [ ! -f "$top/$name/build.ninja" ]; then
    meson setup "$top/$name" "$@" > "$top/$name.setup.log" 2>&1 ||
      { cat "$top/$name.setup.log"; exit 1; }
  fi
  ninja -C "$top/$name" > "$top/$name.build.log" 2>&1 ||
    { tail -n 60 "$top/$name.build.log"; exit 1; }
}

# name, then meson test options; a failed test is counted by the summary
run() {
  name=$1
  shift
  echo "== $name"
  meson test -C "$top/$name" --no-rebuild --print-errorlogs "$@" || true
}

build plain
run plain

if [ "$mode" = all ]; then
  build asan -Db_sanitize=address,undefined -Db_lundef=false
  run asan --suite unit --suite model --suite cli
  build tsan -Db_sanitize=thread -Db_lundef=false
  # check cannot fork under the thread sanitizer
  CK_FORK=no run tsan --suite unit --suite model
fi

python3 tests/summary.py "$top"/*/meson-logs/testlog.json
