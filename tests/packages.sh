# shellcheck shell=sh
# To be sourced: install_packages GROUP... installs the Debian packages of the groups that are missing.

packages_build='gcc meson ninja-build pkg-config libfuse3-dev fuse3 liblz4-dev libinih-dev libxxhash-dev libc6-dev'
packages_test='check libsubunit-dev clang clang-format clang-tidy shellcheck universal-ctags python3'

install_packages() {
  missing=
  for group in "$@"; do
    case $group in
    build) wanted=$packages_build ;;
    test) wanted=$packages_test ;;
    *) echo "unknown package group $group" >&2; return 1 ;;
    esac
    for package in $wanted; do
      dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
    done
  done
  [ -n "$missing" ] || return 0
  sudo=
  if [ "$(id -u)" != 0 ]; then
    sudo=sudo
  fi
  echo "installing:$missing"
  $sudo apt-get update > /dev/null
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends $missing > /dev/null
}
