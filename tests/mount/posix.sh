#!/bin/sh
# What POSIX says of files and folders (posix/), for root and for other users, whom the kernel
# judges by modes and owners.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "only root can be somebody else"
program=$(find_program tests/mount/posix/posix_test) || exit 1

mount_store -o allow_other,default_permissions
"$program" --apexfs "$mnt"
status=$?
health=$(stats_value health)
[ "$health" = ok ] || echo "Bail out! the store's health: $health"
exit "$status"
