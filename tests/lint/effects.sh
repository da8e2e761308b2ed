#!/bin/sh
# Each option of apexfs.ini has a test of what it does: tests/unit/lsm/config/effects.h for those of
# the engine, a test of the mount for the daemon's, where it stands as section.name= or by its file
# in .apex/config.d.
# usage: effects.sh; prints each option without one; exit status 1 when there is one.
set -eu
cd "$(dirname "$0")/../.."

bad=0
section=
while IFS= read -r line; do
  case $line in
  \[*\])
    section=${line#\[}
    section=${section%\]}.
    continue
    ;;
  '#'* | '') continue ;;
  esac
  name=$section${line%% =*}
  if grep -qF "\"$name\"" tests/unit/lsm/config/effects.h; then
    continue
  fi
  if ! grep -rqF --include='*.sh' --include='*.py' --include='*_test.c' \
    -e "$name=" -e "config.d/$name" tests/mount tests/unit/fs/virt tests/unit/fs/core \
    tests/unit/fs/shutdown_test.c; then
    echo "apexfs.ini: no test shows what $name does"
    bad=1
  fi
done <apexfs.ini
exit "$bad"
