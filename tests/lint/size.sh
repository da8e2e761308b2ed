#!/bin/sh
# No function passes 70 lines, no file 800 (the rules of the code base; parameters and nesting: clang-tidy).
set -eu
cd "$(dirname "$0")/../.."

bad=0
long=$(find lsm fs -name '*.[ch]' -exec grep -c '' {} + | awk -F: '$2 > 800 { print $1 ": " $2 " lines" }')
if [ -n "$long" ]; then
  echo "$long"
  bad=1
fi
long=$(find lsm fs -name '*.c' -print0 | sort -z |
  xargs -0 ctags -x --c-kinds=f --_xformat='%{end} %n %N %F' |
  awk '$1 - $2 + 1 > 70 { print $4 ": " $3 " has " $1 - $2 + 1 " lines" }')
if [ -n "$long" ]; then
  echo "$long"
  bad=1
fi
exit "$bad"
