#!/bin/sh
# Line and branch coverage of lsm/ by the tests that run in this process's reach (no mounts): builds
# with gcov, runs them, prints the worst files and the totals. The branches of an assert's failure
# are not counted: no test takes them on purpose.
#
# usage: tests/coverage.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/coverage}

. tests/packages.sh
install_packages build test coverage

mkdir -p "$build"
[ -f "$build/build.ninja" ] || meson setup "$build" -Db_coverage=true > "$build.setup.log" 2>&1 ||
  { cat "$build.setup.log"; exit 1; }
ninja -C "$build"
find "$build" -name '*.gcda' -delete
meson test -C "$build" --no-rebuild --suite unit --suite model --suite power --suite fault \
  --suite proof --suite cli --no-suite install || echo "some tests failed: the figures below are what ran" >&2
gcovr -r . --object-directory "$build" -f 'lsm/' \
  --exclude-branches-by-pattern '^\s*(assert|mutex_assert_held)\(.*' \
  --sort-percentage -s | tail -n 30
