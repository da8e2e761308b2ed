#!/bin/sh
# Each folder may include only what its row of the layer table allows (lsm/README.md, fs/README.md).
# usage: layers.sh; prints each offending line; exit status 1 when there is one.
set -eu
cd "$(dirname "$0")/../.."

# folder: what its files may include, as folders or single headers; its own folder always.
rules='
lsm/base:
lsm/env: lsm/base
lsm/mem: lsm/base
lsm/wal: lsm/base lsm/env
lsm/sst: lsm/base lsm/env lsm/mem
lsm/blob: lsm/base lsm/env
lsm/tree: lsm/base lsm/env lsm/mem lsm/sst lsm/blob
lsm/db: lsm/lsm.h lsm/inspect.h lsm/load.h lsm/base lsm/env lsm/mem lsm/wal lsm/sst lsm/blob lsm/tree
lsm/config: lsm/base lsm/lsm.h
lsm/cli: lsm/lsm.h lsm/inspect.h lsm/load.h lsm/base lsm/config
lsm: lsm/base lsm/lsm.h
fs/path: lsm/base
fs/core: lsm/lsm.h lsm/base fs/path
fs/virt: fs/core lsm/lsm.h lsm/base
fs/ops: fs/core fs/virt lsm/lsm.h lsm/base
fs/transport: lsm/base
fs: fs/path fs/core fs/virt fs/ops fs/transport lsm/lsm.h lsm/base lsm/config
'

bad=0
for file in $(find lsm fs -name '*.[ch]' | sort); do
  folder=${file%/*}
  if ! allowed=$(printf '%s' "$rules" | grep "^$folder:"); then
    echo "$file: its folder has no row in the layer table"
    bad=1
    continue
  fi
  allowed="$folder ${allowed#*:}"
  headers=$(sed -n 's/^#include "\(.*\)"$/\1/p' "$file")
  for header in $headers; do
    ok=0
    for entry in $allowed; do
      if [ "$header" = "$entry" ] || [ "${header%/*}" = "$entry" ]; then
        ok=1
      fi
    done
    if [ "$ok" = 0 ]; then
      echo "$file: may not include $header"
      bad=1
    fi
  done
  # libfuse and liburing stay behind fs/ops, fs/transport and fs/mount
  case $folder in
  fs/ops | fs/transport | fs) ;;
  *)
    if grep -n '^#include <\(fuse\|liburing\)' "$file" /dev/null; then
      echo "$file: may not include libfuse or liburing"
      bad=1
    fi
    ;;
  esac
done
exit "$bad"
