#!/bin/sh
# clang-format has nothing to change, lines have no trailing blanks, shell scripts pass shellcheck.
set -eu
cd "$(dirname "$0")/../.."

bad=0
for file in $(find lsm fs tests examples -name '*.[ch]' | sort); do
  clang-format --dry-run --Werror "$file" > /dev/null 2>&1 || { echo "$file: clang-format differs"; bad=1; }
done
if grep -rnI --include='*.[ch]' --include='*.sh' --include='*.md' --include='*.build' '[[:blank:]]$' lsm fs tests examples README.md meson.build; then
  echo "trailing blanks"
  bad=1
fi
for script in $(find tests examples .ci -name '*.sh') .ci/run; do
  shellcheck -x "$script" || bad=1
done
exit "$bad"
