#!/bin/sh
# The main job: a real tree is copied in and comes back as it was, after a remount and a kill -9, too.
# The tree is $APEX_TREE, /usr/include if unset. Links are compared as links: a relative one may lead
# nowhere from another place, on any file system.
. "$(dirname "$0")/lib.sh"

tree=${APEX_TREE:-/usr/include}
[ -d "$tree" ] || skip_all "no folder $tree"

mount_store
check "the tree is copied in" cp -r "$tree" "$mnt/tree"
check "it is the same" diff -r --no-dereference "$tree" "$mnt/tree"
check "its names are the same" same "$(cd "$tree" && find . | sort | cksum)" \
	"$(cd "$mnt/tree" && find . | sort | cksum)"
kill_daemon
detach
mount_store
check "it is the same after kill -9 without a sync" diff -r --no-dereference "$tree" "$mnt/tree"
remount
check "it is the same after a remount" diff -r --no-dereference "$tree" "$mnt/tree"
check "a part of it is replaced" cp -r "$tree/." "$mnt/tree"
check "it is still the same" diff -r --no-dereference "$tree" "$mnt/tree"
check "the store is healthy" same ok "$(stats_value health)"
check "it is removed" rm -r "$mnt/tree"
check "nothing of it is left" same "" "$(ls -A "$mnt")"
remount
check "nor after a remount" same "" "$(ls -A "$mnt")"
finish
