# shellcheck shell=sh
# To be sourced: install_packages GROUP... installs the Debian packages of the groups that are missing. When it cannot,
# it says what is missing and fails.

packages_build='gcc meson ninja-build pkg-config libfuse3-dev fuse3 liblz4-dev liburing-dev libinih-dev libxxhash-dev
  libedit-dev libc6-dev'
packages_test='check libsubunit-dev clang libclang-rt-dev clang-format clang-tidy shellcheck universal-ctags python3
  e2fsprogs xfsprogs fio sqlite3 git rsync vim-tiny make curl rclone tmux groff-base strace'
packages_coverage='gcovr'

# The packages of the groups that are not installed.
missing_packages() {
  for group in "$@"; do
    case $group in
    build) wanted=$packages_build ;;
    test) wanted=$packages_test ;;
    coverage) wanted=$packages_coverage ;;
    *) echo "unknown package group $group" >&2; return 1 ;;
    esac
    for package in $wanted; do
      dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'ok installed' ||
        printf ' %s' "$package"
    done
  done
}

# apt_install PACKAGE...; the lists may be good enough when they cannot be updated. A fresh machine may be busy with
# updates of its own: the lock is waited for.
apt_install() {
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update
  $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

install_packages() {
  missing=$(missing_packages "$@") || return 1
  [ -n "$missing" ] || return 0
  if ! command -v apt-get > /dev/null; then
    echo "no apt-get: what these Debian packages hold has to be installed already:$missing" >&2
    return 0
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
    echo "neither root nor sudo; have root run: apt-get install$missing" >&2
    return 1
  fi
  echo "installing:$missing"
  log=$(mktemp) || return 1
  # shellcheck disable=SC2086 # a list of words
  if ! apt_install $missing > "$log" 2>&1 < /dev/null; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install:$missing; all it said is in $log" >&2
    return 1
  fi
  rm -f "$log"
}
