#!/bin/sh
# clang-format has nothing to change, lines have no trailing blanks, shell scripts pass shellcheck.
set -eu
cd "$(dirname "$0")/../.."

bad=0
find lsm fs tests examples -name '*.[ch]' -print0 |
  xargs -0 -n 16 -P "$(nproc)" clang-format --dry-run --Werror || { echo "clang-format differs"; bad=1; }
if grep -rnI --include='*.[ch]' --include='*.sh' --include='*.md' --include='*.build' '[[:blank:]]$' lsm fs tests examples README.md meson.build; then
  echo "trailing blanks"
  bad=1
fi
# sourced files are followed from each script's own folder
find tests examples -name '*.sh' -print0 |
  xargs -0 shellcheck -x -P SCRIPTDIR -S warning .ci/run || bad=1
exit "$bad"
