#!/bin/sh
# Each header compiles alone and begins with #pragma once.
set -eu
cd "$(dirname "$0")/../.."
cc=${CC:-cc}
flags="-std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Wall -Wextra -Werror $(pkg-config --cflags fuse3 | sed 's/-I/-isystem /g')"

bad=0
unit=$(mktemp --suffix=.c)
trap 'rm -f "$unit"' EXIT
for header in $(find lsm fs tests -name '*.h' | sort); do
  grep -q '^#pragma once$' "$header" || { echo "$header: no #pragma once"; bad=1; }
  echo "#include \"$header\"" > "$unit"
  # shellcheck disable=SC2086
  $cc $flags -fsyntax-only "$unit" || { echo "$header: does not compile alone"; bad=1; }
done
exit "$bad"
