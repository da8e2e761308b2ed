#!/bin/sh
# clang-tidy with the rules of .clang-tidy over the compilation database of a build folder.
# usage: tidy.sh BUILD
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
find lsm fs -name '*.c' -print0 | sort -z |
  xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet -p "$build" 2> /dev/null
