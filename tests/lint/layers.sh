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

# shellcheck disable=SC2046 # a list of words
awk -v rules="$rules" '
  BEGIN {
    count = split(rules, rows, "\n")
    for (i = 1; i <= count; i++) {
      words = split(rows[i], word, /:? +|:$/)
      for (j = 1; j <= words; j++)
        allowed[word[1], word[j]]
    }
  }
  function complain(text) {
    print FILENAME ": " text
    bad = 1
  }
  function folder_of(path) {
    sub("/[^/]*$", "", path)
    return path
  }
  FNR == 1 {
    folder = folder_of(FILENAME)
    if (!((folder, folder) in allowed))
      complain("its folder has no row in the layer table")
  }
  /^#include ".*"$/ {
    header = substr($0, 11, length($0) - 11)
    if (!((folder, header) in allowed) && !((folder, folder_of(header)) in allowed))
      complain("may not include " header)
  }
  # libfuse and liburing stay behind fs/ops, fs/transport and fs/mount
  /^#include <(fuse|liburing)/ && folder != "fs/ops" && folder != "fs/transport" && folder != "fs" {
    complain("may not include libfuse or liburing")
  }
  END { exit bad }
' $(find lsm fs -name '*.[ch]' | sort)
