#!/bin/sh
# What the fault programs catch is all there is to catch: each function that the kernel's env asks
# of the C library stands in wraps.txt or is no system call, and each one that allocates stands in
# allocation_wraps.txt.
#
# usage: wraps.sh liblsm.a
set -eu
here=$(cd "$(dirname "$0")" && pwd)
library=$1

# of the C library, but not of the kernel: memory, text, errors, locks' addresses; and the handler
# of SIGBUS, which is set once and cannot fail
harmless='
aligned_alloc calloc free malloc strdup strndup
memchr memcmp memcpy memmove memset
snprintf vsnprintf strchr strcmp strerror strlen strrchr strnlen
clock_gettime getpid
__sigsetjmp pthread_once pthread_sigmask sigaction sigaddset sigemptyset siglongjmp
'
# the compiler's and the sanitizers' own
own='^(__(asan|ubsan|tsan|lsan|sanitizer|gcov|llvm)_|__errno_location$|__assert_fail$|__stack_chk_fail$|__tls_get_addr$|_GLOBAL_OFFSET_TABLE_$)'
allocators='malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|memalign|valloc|strdup|strndup|asprintf|vasprintf|getline|getdelim|open_memstream|opendir|fdopendir|scandir|fopen64|fopen|fdopen|realpath'

bad=0
fail() {
  echo "not ok $1 - $2"
  bad=1
}

# symbols that the objects whose names match $1 want and the library does not have
wanted() {
  nm -A --defined-only "$library" 2>/dev/null | awk '$(NF - 1) ~ /^[A-Z]$/ { print $NF }' | sort -u > "$own_list"
  nm -A --undefined-only "$library" 2>/dev/null | awk -v name="$1" -F: '$0 ~ name { print $NF }' |
    awk '{ print $NF }' | sort -u | grep -vxFf "$own_list" | grep -vE "$own" || true
}

own_list=$(mktemp)
trap 'rm -f "$own_list"' EXIT

missing=$(wanted 'env_posix' | grep -vxFf "$here/wraps.txt" | while read -r symbol; do
  # shellcheck disable=SC2086 # a list of words
  printf '%s\n' $harmless | grep -qx "$symbol" || echo "$symbol"
done)
if [ -n "$missing" ]; then
  echo "# $missing" | tr '\n' ' '
  echo
  fail 1 "calls of lsm/env/env_posix*.c that tests/fault/calls.c does not catch"
elif [ -z "$(wanted 'env_posix')" ]; then
  fail 1 "no object of lsm/env/env_posix*.c in $library"
else
  echo "ok 1 - every system call of the kernel's env is caught"
fi

missing=$(wanted . | grep -xE "$allocators" | grep -vxFf "$here/allocation_wraps.txt" || true)
if [ -n "$missing" ]; then
  echo "# $missing" | tr '\n' ' '
  echo
  fail 2 "allocations that tests/fault/allocations.c does not catch"
else
  echo "ok 2 - every allocation is caught"
fi
echo "1..2"
exit "$bad"
