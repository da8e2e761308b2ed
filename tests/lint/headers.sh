#!/bin/sh
# Each header compiles alone and begins with #pragma once. Of one that is the first include of its own .c file the
# build shows it.
set -eu
cd "$(dirname "$0")/../.."
cc=${CC:-cc}
flags="-std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Wall -Wextra -Werror $(pkg-config --cflags fuse3 | sed 's/-I/-isystem /g')"

bad=0
unit=$(mktemp --suffix=.c)
trap 'rm -f "$unit"' EXIT
headers=$(find lsm fs tests -name '*.h' | sort)
# shellcheck disable=SC2086 # a list of words
for header in $(grep -L '^#pragma once$' $headers); do
  echo "$header: no #pragma once"
  bad=1
done
for header in $headers; do
  source=${header%.h}.c
  [ ! -f "$source" ] || [ "$(grep -m 1 '^#include' "$source")" != "#include \"$header\"" ] || continue
  echo "#include \"$header\"" > "$unit"
  # shellcheck disable=SC2086
  $cc $flags -fsyntax-only "$unit" || { echo "$header: does not compile alone"; bad=1; }
done
exit "$bad"
