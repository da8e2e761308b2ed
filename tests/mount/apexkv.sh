#!/bin/sh
# apexkv on a store that is mounted: readers read beside the daemon, others are told where it is.
. "$(dirname "$0")/lib.sh"

apexkv=$(find_program apexkv) || exit 1
mount_store
mkdir "$mnt/user"
printf Ada >"$mnt/user/1"
sync "$mnt/user/1"

# refused TEXT ARGUMENTS...: status 3, one line that names mount and daemon and has the text
refused() {
	text=$1
	shift
	fails_with "is mounted on $mnt by apexfs, pid $daemon_pid; $text" "$apexkv" "$store" "$@" || return
	"$apexkv" "$store" "$@" 2>/dev/null
	[ $? -eq 3 ]
}

check "get reads beside the daemon" same Ada "$("$apexkv" "$store" get user/1)"
check "scan, too" same 1 "$("$apexkv" "$store" scan --prefix user/1 | wc -l)"
check "count, too" test "$("$apexkv" "$store" count)" -ge 1
check "export, too" sh -c "'$apexkv' '$store' export - | grep -qx 'user/1=Ada'"
check "search, too" same user/1 "$("$apexkv" "$store" search --value Ada --keys)"
check "verify, too" "$apexkv" "$store" verify
check "stats, too" "$apexkv" "$store" stats
check "the dumps, too" "$apexkv" "$store" wal-dump
check "a session reads" sh -c "echo get user/1 | '$apexkv' '$store' repl 2>/dev/null | grep -qx Ada"
check "put says where the store is, and what to type" refused "instead: printf %s VALUE > $mnt/KEY" put a b
check "delete, too" refused "instead: rm $mnt/KEY" delete user/1
check "flush, too" refused "instead: echo flush > $mnt/.apex/ctl" flush
check "import, too" refused "instead: " import /dev/null
check "what flush is told works" sh -c "echo flush > '$mnt/.apex/ctl'"
printf 'a=1\nb=2\n' >"$work/lines"
check "what import is told, too" sh -c "cp '$work/lines' '$mnt/.apex/batch' && [ \"\$(cat '$mnt/a')\" = 1 ]"
check "what a mount cannot do wants it unmounted" refused "first: umount $mnt" salvage "$work/to"
check "top shows the mount" sh -c "'$apexkv' top '$mnt' </dev/null | grep -q '^apexkv top $mnt   health ok .*pid $daemon_pid'"
stop_daemon
check "unmounted, put works" "$apexkv" "$store" put user/1 Grace
mount_store
check "and the mount shows it" same Grace "$(cat "$mnt/user/1")"
finish
