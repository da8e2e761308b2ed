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
# sourced files are followed from each script's own folder
find tests examples -name '*.sh' -print0 |
  xargs -0 shellcheck -x -P SCRIPTDIR -S warning .ci/run || bad=1
exit "$bad"
