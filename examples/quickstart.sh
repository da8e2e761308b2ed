#!/bin/sh
# From nothing to a mounted store: installs what is missing (Debian packages), builds, makes the store, mounts it,
# shows it at work, and leaves it mounted.
#
# usage: examples/quickstart.sh [STORE] [MOUNTPOINT]     (default: ~/apexfs/store ~/apexfs/mnt)
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
store=${1:-$HOME/apexfs/store}
mount_point=${2:-$HOME/apexfs/mnt}

(
  cd "$here"
  . tests/packages.sh
  install_packages build
  if [ ! -f build/release/build.ninja ]; then
    meson setup build/release --buildtype=release -Dwerror=false > /dev/null
  fi
  ninja -C build/release fs/apexfs lsm/cli/apexkv > build/release.log 2>&1 || { tail -n 40 build/release.log; exit 1; }
)

show() {
  printf '\n$ %s\n' "$*"
  sh -c "$*"
}

mkdir -p "$(dirname "$store")" "$mount_point"
printf '$ apexfs %s %s\n' "$store" "$mount_point"
"$here/build/release/fs/apexfs" "$store" "$mount_point"

cd "$mount_point"
show "mkdir -p user/1"
show "echo 'Ada Lovelace' > user/1/name"
show "cat user/1/name"
show "ls -l user/1"
show "head -n 8 .stats"

cat <<END

The store $store is mounted at $mount_point.
To unmount:  fusermount3 -u $mount_point
END
