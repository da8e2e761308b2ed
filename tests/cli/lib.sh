# shellcheck shell=sh
# What the tests of apexkv share. A test begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and is called with the build folder. It prints TAP lines and ends with `finish`; meanwhile it is in
# a scratch folder of its own, which is removed in the end.

set -u

build=$(cd "$1" && pwd) || exit 99
for apexkv in "$build/apexkv" "$build/lsm/apexkv" "$build/lsm/cli/apexkv" ''; do
  [ -x "$apexkv" ] && break
done
[ -n "$apexkv" ] || { echo "Bail out! no apexkv below $build"; exit 99; }

# Settings of the caller's are not ours.
for variable in $(env | sed -n 's/^\(APEXFS_[A-Za-z0-9_]*\)=.*/\1/p'); do
  unset "$variable"
done

work=$(mktemp -d) || exit 99
at_exit() { :; } # a test may have its own
trap 'at_exit; rm -rf "$work"' EXIT
cd "$work" || exit 99

count=0
failed=0

# check NAME COMMAND...: ok when the command succeeds
check() {
  name=$1
  shift
  count=$((count + 1))
  if "$@"; then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    failed=$((failed + 1))
    sed 's/^/# out: /' out 2>/dev/null | head -n 5
    sed 's/^/# err: /' err 2>/dev/null | head -n 5
  fi
}

# run ARGUMENTS...: apexkv, its output in out and err, its status in $status
run() {
  "$apexkv" "$@" >out 2>err </dev/null
  status=$?
}

# exits STATUS ARGUMENTS...: the status is that; when it is none of 0 and the error is one line
exits() {
  wanted=$1
  shift
  run "$@"
  [ "$status" -eq "$wanted" ] || { echo "# status $status, not $wanted"; return 1; }
  [ "$wanted" -eq 0 ] && return 0
  [ "$(wc -l <err)" -eq 1 ] && grep -q '^apexkv: .' err
}

# prints TEXT ARGUMENTS...: status 0, and exactly that text (as printf's %b has it) on standard
# output
prints() {
  printf '%b' "$1" >expected
  shift
  exits 0 "$@" && cmp expected out >&2
}

# refuses TEXT STATUS ARGUMENTS...: that status, and the text is part of the error
refuses() {
  text=$1
  shift
  exits "$@" && grep -qF -e "$text" err
}

# prints_lines COUNT ARGUMENTS...: status 0, and so many lines on standard output
prints_lines() {
  wanted_lines=$1
  shift
  exits 0 "$@" && [ "$(wc -l <out)" -eq "$wanted_lines" ]
}

# prints_like REGEX ARGUMENTS...: status 0, and one of the lines on standard output is like that
prints_like() {
  regex=$1
  shift
  exits 0 "$@" && grep -Eqx -e "$regex" out
}

# absent FILE COMMAND...: the command succeeds and leaves no such file
absent() {
  unwanted=$1
  shift
  "$@" && [ ! -e "$unwanted" ]
}

# finish: the plan, and the exit status
finish() {
  echo "1..$count"
  [ "$failed" -eq 0 ]
}
