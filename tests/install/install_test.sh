#!/bin/sh
# What `meson install` leaves is enough for others: the programs run, and examples/embed.c builds and works with what
# pkg-config says.
# usage: install_test.sh BUILD_FOLDER SANITIZERS      (b_sanitize of the build folder, "none" if none)
# Prints TAP lines; the exit status is 0 when all are ok.
set -u

source=$(cd "$(dirname "$0")/../.." && pwd) || exit 99
build=$(cd "$1" && pwd) || exit 99
sanitizers=$2
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
dest=$work/dest
flags='-std=gnu17 -Wall -Wextra -Werror'
[ "$sanitizers" = none ] || flags="$flags -fsanitize=$sanitizers"

count=0
failed=0

# check NAME COMMAND...: ok when the command succeeds
check() {
  name=$1
  shift
  count=$((count + 1))
  if "$@" > out 2>&1; then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    failed=$((failed + 1))
    sed 's/^/# /' out
  fi
}

skip() {
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

# The one file of that name in the tree, wherever prefix and libdir put it.
installed() { find "$dest" -type f -name "$1" | grep .; }

# As a user has it: an installed pkg-config file, found by its name; all other packages are the system's.
lsm_flags() {
  PKG_CONFIG_PATH=$(dirname "$(installed lsm.pc)") PKG_CONFIG_SYSROOT_DIR=$dest pkg-config "$@" lsm
}

# compile OUTPUT FLAG...
compile() {
  output=$1
  shift
  # shellcheck disable=SC2046,SC2086 # lists of words
  ${CC:-cc} $flags "$@" -o "$output" "$source/examples/embed.c" $(lsm_flags --cflags --libs)
}

# Each header, alone, with nothing but the standard language.
headers_compile() {
  include=$(lsm_flags --variable=includedir)
  for header in $(cd "$dest$include" && find lsm -name '*.h'); do
    # shellcheck disable=SC2046 # a list of words
    echo "#include <$header>" |
      ${CC:-cc} -std=c11 -Wall -Wextra -Werror $(lsm_flags --cflags) -fsyntax-only -x c - || return 1
  done
}

prints_its_story() {
  printf '%s\n' 'user/1 has 3 bytes' 'user/1 = Ada' 'user/3 = Grace' > expected
  "$@" > story && diff expected story
}

scans() {
  printf 'user/1\tAda\nuser/3\tGrace\n' > expected
  "$(installed apexkv)" "$1" scan > scanned && diff expected scanned
}

names_the_store() { ! ./embed "$work/none/store" > said 2>&1 && grep -F "$work/none" said; }

check 'meson install succeeds' meson install -C "$build" --no-rebuild --quiet --destdir "$dest"
for program in apexfs apexkv; do
  check "$program is installed and runs" sh -c "\$(find '$dest' -type f -name $program) --help"
done
check 'pkg-config knows the version' lsm_flags --modversion
check 'each installed header compiles alone' headers_compile
check 'the example builds with what pkg-config says' compile embed
check 'the example works' prints_its_story ./embed store
check 'apexkv reads what the example wrote' scans store
check 'the example works on the store that it left' prints_its_story ./embed store
check 'a failure is told in a sentence' names_the_store
if [ "$sanitizers" = none ]; then
  check 'it links without any shared library' compile embed-static -static
  check 'and works so' prints_its_story ./embed-static static-store
else
  skip 'it links without any shared library' 'sanitizers are shared libraries'
fi

echo "1..$count"
[ "$failed" -eq 0 ]
