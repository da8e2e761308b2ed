#!/bin/sh
# Mounts begin and end: cleanly, by a signal, by kill -9, by umount.
. "$(dirname "$0")/lib.sh"

mount_store
echo first >"$mnt/first"
check "the store has a lock, a current manifest and a log" sh -c \
	"cd '$store' && test -f LOCK && test -f CURRENT && ls MANIFEST-* *.wal"
check "the lock names the daemon and the mount" grep -q "pid=$daemon_pid program=apexfs mount=$mnt" \
	"$store/LOCK"
check "only the owner may look into a store" same 700 "$(stat -c %a "$store")"
check "the mount shows its store" grep -q "^$store $mnt fuse.apexfs " /proc/mounts

exec 5<>"$mnt/unlinked"
echo before >&5
rm "$mnt/unlinked"
echo after >&5
check "an unlinked file has no name" test ! -e "$mnt/unlinked"
check "an unlinked file lives while it is open" same "before after" \
	"$(tr '\n' ' ' <"/proc/$$/fd/5" | sed 's/ $//')"
check "no trace of it is listed" same first "$(ls -A "$mnt")"
exec 5>&-

pid=$daemon_pid
stop_daemon
check "SIGTERM ends an idle daemon" is_dead "$pid"
not_mounted() { ! is_mounted; }
check "SIGTERM unmounts" not_mounted
mount_store
check "a value outlives the daemon" same first "$(cat "$mnt/first")"
check "an unlinked file does not" same first "$(ls -A "$mnt")"
stop_daemon

# In the foreground the exit status can be seen.
for options in "-f" "-f -s -o fuse.transport=auto" "-f -o fuse.clone_fd=on"; do
	for signal in TERM INT; do
		# A shell without job control has background commands ignore SIGINT.
		env --default-signal=INT "$apexfs" $options "$store" "$mnt" 2>"$work/log" &
		daemon_pid=$!
		wait_until is_mounted
		cat "$mnt/first" >/dev/null
		kill -"$signal" "$daemon_pid"
		wait "$daemon_pid"
		status=$?
		daemon_pid=
		check "apexfs $options ends with 0 by SIG$signal" same 0 "$status"
		check "apexfs $options is unmounted by SIG$signal" not_mounted
	done
done
# What programs have open does not keep the daemon from closing the store in order (built with the
# address sanitizer, it ends with 1 if anything of a folder is left).
"$apexfs" -f "$store" "$mnt" 2>"$work/log" &
daemon_pid=$!
wait_until is_mounted
exec 5<"$mnt" 6<"$mnt/first"
kill -TERM "$daemon_pid"
wait "$daemon_pid"
status=$?
exec 5<&- 6<&-
daemon_pid=
check "apexfs ends with 0 while a file and a folder are open" same 0 "$status"

"$apexfs" -f "$store" "$mnt" 2>"$work/log" &
daemon_pid=$!
wait_until is_mounted
if [ "$(id -u)" = 0 ]; then
	umount "$mnt"
else
	fusermount3 -u "$mnt"
fi
wait "$daemon_pid"
check "umount ends the daemon with 0" same 0 $?
daemon_pid=

mount_store
echo second >"$mnt/second"
echo again >"$mnt/first"
kill_daemon
gone() { fails_with "not connected" ls "$mnt"; }
# The kernel ends the connection in its own time; what is asked meanwhile is aborted.
check "a killed daemon leaves a dead mount" wait_until gone
mount_again() {
	"$apexfs" "$store" "$mnt" && grep -c "$mnt" /proc/mounts
}
mount_again >"$work/again" 2>&1
check "the next mount takes its place" same 1 "$(tail -n 1 "$work/again")"
check "and says so" grep -q "dead mount" "$work/again"
daemon_pid=$(stats_value pid)
check "kill -9 loses no acknowledged value" same "again second" \
	"$(cat "$mnt/first" "$mnt/second" | tr '\n' ' ' | sed 's/ $//')"

# A writer is killed with its daemon at a random moment: all that was acknowledged is there.
round=0
lost=0
while [ "$round" -lt 5 ]; do
	(
		i=0
		while echo "$round.$i" 2>/dev/null >"$mnt/key$i"; do
			echo "$i" >"$work/acknowledged"
			i=$((i + 1))
		done
	) 2>/dev/null &
	writer=$!
	wait_until test -s "$work/acknowledged"
	sleep "0.$(date +%N | cut -c 3-4)"
	kill_daemon
	wait "$writer"
	detach
	mount_store
	i=0
	last=$(cat "$work/acknowledged")
	while [ "$i" -le "$last" ]; do
		[ "$(cat "$mnt/key$i")" = "$round.$i" ] || lost=$((lost + 1))
		i=$((i + 1))
	done
	rm -f "$work/acknowledged"
	round=$((round + 1))
done
check "5 x kill -9 under a writer loses nothing" same 0 "$lost"

# The first daemon still flushes what was written when umount has returned.
dd if=/dev/urandom of="$mnt/large" bs=1M count=8 2>/dev/null
sum=$(cksum <"$mnt/large")
fusermount3 -u "$mnt"
mount_store
check "a mount right after an unmount waits for the store" same "$sum" "$(cksum <"$mnt/large")"

# Descriptors that are closed at the start must not become the store's: logs are rotated on them.
stop_daemon
"$apexfs" -o memtable.max_size=256k "$store" "$mnt" <&- >&- 2>&-
daemon_pid=$(stats_value pid)
many_values() {
	i=0
	while [ "$i" -lt 40 ]; do
		head -c 30000 /dev/urandom >"$mnt/value$i" || return 1
		i=$((i + 1))
	done
}
check "a daemon started with closed descriptors takes writes" many_values
check "and is healthy" same ok "$(stats_value health)"
finish
