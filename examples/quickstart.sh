#!/bin/sh
# From nothing to a mounted store: installs what is missing (Debian packages), builds, makes the store, mounts it,
# shows it at work, and leaves it mounted. To be run as often as you like.
#
# usage: examples/quickstart.sh [STORE] [MOUNTPOINT]     (default: ~/apexfs-demo/store ~/apexfs-demo/mnt)
set -eu

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

case ${1:-} in
-*) fail "usage: examples/quickstart.sh [STORE] [MOUNTPOINT]" ;;
esac
here=$(cd "$(dirname "$0")/.." && pwd)
home=${HOME:-$(getent passwd "$(id -u)" | cut -d : -f 6)}
store=${1:-$home/apexfs-demo/store}
mount_point=${2:-$home/apexfs-demo/mnt}
bin=$here/build/release

# logged LOG COMMAND...: quiet, unless it fails
logged() {
  log=$1
  shift
  "$@" > "$log" 2>&1 || { tail -n 40 "$log" >&2; fail "the build failed: $1; all it said is in $log"; }
}

build() {
  cd "$here"
  . tests/packages.sh
  install_packages build || fail "packages are missing"
  mkdir -p build || fail "cannot write below $here"
  echo "building in $bin"
  if [ ! -f "$bin/build.ninja" ]; then
    logged "$bin.setup.log" meson setup "$bin" --buildtype=release -Dwerror=false
  fi
  logged "$bin.build.log" ninja -C "$bin" fs/apexfs lsm/cli/apexkv
}

# Whether this very store answers there.
is_mounted() {
  [ -e "$mount_point/.stats" ] &&
    [ "$(findmnt -n -o SOURCE --mountpoint "$mount_point")" = "$(readlink -f "$store")" ]
}

show() {
  printf '\n$ %s\n' "$*"
  sh -c "$*"
}

(build)
[ -c /dev/fuse ] || fail "no /dev/fuse: modprobe fuse, or give the container --device /dev/fuse --cap-add SYS_ADMIN"

mkdir -p "$(dirname "$store")" || fail "cannot make the folder of the store"
# A killed daemon leaves a mount that mkdir stumbles over and apexfs takes away.
mkdir -p "$mount_point" 2> /dev/null || true
if is_mounted; then
  printf '\n%s is mounted already.\n' "$store"
else
  printf '\n$ %s %s %s\n' "$bin/fs/apexfs" "$store" "$mount_point"
  "$bin/fs/apexfs" "$store" "$mount_point" || fail "cannot mount $store at $mount_point"
fi

printf '\n$ cd %s\n' "$mount_point"
cd "$mount_point"
show "mkdir -p user/1"
show "echo 'Ada Lovelace' > user/1/name"
show "cat user/1/name"
show "ls -l user/1"
show "head -n 8 .stats"

transport=$(sed -n 's/^transport_reason //p' .stats)
if [ -n "$transport" ]; then
  transport="through /dev/fuse ($transport); README.md, \"Over io_uring\", makes them faster"
else
  transport="over io_uring"
fi

cat <<END

The store $store is mounted at $mount_point.
Requests:         $transport
To unmount:       fusermount3 -u $mount_point
To mount again:   $bin/fs/apexfs $store $mount_point
Without a mount:  $bin/lsm/cli/apexkv $store scan
END
