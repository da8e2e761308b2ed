#!/bin/sh
# Which way requests take: what is asked for, what the machine offers, what fails (fs/transport).
unset APEXFS_FUSE_TRANSPORT
. "$(dirname "$0")/lib.sh"

parameter=/sys/module/fuse/parameters/enable_uring
offered=no
if grep -q '^[Y1]' "$parameter" 2>/dev/null; then
	offered=yes
fi

works() {
	echo value >"$mnt/key" && same value "$(cat "$mnt/key")"
}
reason() {
	stats_value transport_reason
}

mount_store -o fuse.transport=classic
check "classic when that is asked for" same classic "$(stats_value transport)"
check "with the reason" same "fuse.transport is classic" "$(reason)"
check "it works" works
stop_daemon

mount_store -s
check "one request at a time is classic" same classic "$(stats_value transport)"
check "with the reason" same "-s: one request at a time" "$(reason)"
stop_daemon
check "that and io_uring exclude each other" fails_with "one request at a time" \
	"$apexfs" -s -o fuse.transport=uring "$store" "$mnt"

check "no third way" fails_with "fuse.transport" "$apexfs" -o fuse.transport=pigeon "$store" "$mnt"
check "a depth of 0 is none" fails_with "fuse.queue_depth" "$apexfs" -o fuse.queue_depth=0 "$store" \
	"$mnt"

# Batches, so many at once, delete names in a folder that a client has locked, who waits for an answer of
# the same threads. That does not take as long as a thread waits at most until the kernel is told
# (NOTIFIER_WAIT_MS).
cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
answered_in_time() {
	mkdir -p "$mnt/folder"
	for i in 1 "$1"; do
		echo 1 >"$mnt/folder/old$i"
	done
	strace -f -o /dev/null -p "$daemon_pid" -e trace=pwritev \
		-e inject=pwritev:delay_enter=500000:when=1 2>"$work/tracer" &
	tracer=$!
	wait_until grep -q attached "$work/tracer"
	begin=$(date +%s%3N)
	writers=
	for i in $(seq "$1"); do
		taskset -c "$cpu" sh -c "printf 'del\tfolder/old$i\n' >'$mnt/.apex/batch'" &
		writers="$writers $!"
	done
	sleep 0.2
	taskset -c "$cpu" mkdir "$mnt/folder/new" &
	maker=$!
	# shellcheck disable=SC2086 # a list of words
	wait $writers
	end=$(date +%s%3N)
	kill "$tracer"
	wait "$maker" && rmdir "$mnt/folder/new"
	echo "$((end - begin)) ms"
	[ "$((end - begin))" -lt 2000 ]
}
if command -v strace >/dev/null; then
	mount_store -o fuse.transport=classic,fuse.max_threads=1
	check "one thread tells of a batch while a folder is locked" answered_in_time 1
	stop_daemon
	mount_store -s
	check "so does the only one" answered_in_time 1
	stop_daemon
else
	skip "a batch while a folder is locked" "no strace"
fi

if [ "$offered" = no ]; then
	mount_store
	check "classic where the kernel does not offer the other" same classic "$(stats_value transport)"
	check "with the reason" test -n "$(reason)"
	stop_daemon
	check "who insists is told" fails_with "io_uring" "$apexfs" -o fuse.transport=uring "$store" "$mnt" ||
		true
	skip "io_uring" "the kernel does not offer it: see tests/support/with_uring.sh"
	finish
fi

mount_store
check "io_uring where the kernel offers it" same uring "$(stats_value transport)"
check "it works" works
check "over io_uring" test "$(stats_value transport_ring_requests)" -gt 3
cpus=$(sed 's/.*-//' /sys/devices/system/cpu/possible)
check "a queue for each CPU" same $((cpus + 1)) "$(stats_value transport_queues)"
check "the parameter is as it was" grep -q '^[Y1]' "$parameter"
threads() {
	find "/proc/$daemon_pid/task" -mindepth 2 -maxdepth 2 -name comm -exec cat {} + | grep -c apexfs-ring
}
check "as many threads as it says" same "$(stats_value transport_threads)" "$(threads)"
remount -o fuse.queue_depth=1
online=$(getconf _NPROCESSORS_ONLN)
check "a depth of 1 is two threads a CPU" test "$(threads)" -ge $((2 * online)) -a \
	"$(threads)" -le $((2 * (cpus + 1)))
check "it works" works
if command -v strace >/dev/null; then
	check "of which one tells of a batch while a folder is locked" answered_in_time 1
	check "and both, of two batches" answered_in_time 2
fi
stop_daemon

# What goes wrong when the rings are made is said, and the mount works all the same.
if ! command -v strace >/dev/null; then
	skip "io_uring that fails" "no strace"
	finish
fi

# under FAULT COMMAND...: with that fault injected into the system calls of it and its children
under() {
	fault=$1
	shift
	strace -f -qq -o /dev/null -e "trace=${fault%%:*}" -e "inject=$fault" "$@"
}

# Traced it stays in the foreground: strace ends with its last child.
start_under() {
	fault=$1
	shift
	under "$fault" "$apexfs" -f "$@" "$store" "$mnt" 2>"$work/log" &
	tracer=$!
	wait_until answers || { cat "$work/log"; return 1; }
	daemon_pid=$(stats_value pid)
}
answers() {
	[ -n "$(stats_value pid 2>/dev/null)" ] || ! is_alive "$tracer"
}
end_under() {
	kill -TERM "$daemon_pid"
	wait "$tracer"
	status=$?
	daemon_pid=
	return $status
}

# io_uring_setup: forbidden (seccomp), out of descriptors; io_uring_enter: fails from the first on
for fault in io_uring_setup:error=EPERM io_uring_setup:error=EMFILE \
	io_uring_enter:error=EACCES; do
	check "it mounts under $fault" start_under "$fault"
	check "classic" same classic "$(stats_value transport)"
	check "with a reason" sh -c "sed -n 's/^transport_reason //p' '$mnt/.stats' | grep io_uring"
	check "said once" same 1 "$(grep -c "no requests over io_uring" "$work/log")"
	check "it works" works
	check "it ends with 0" end_under
	check "who insists is told" fails_with "io_uring" \
		under "$fault" "$apexfs" -f -o fuse.transport=uring "$store" "$mnt"
done

# Too late for classic: the kernel waits for entries that cannot come. The mount ends, and does not hang.
mounted_or_over() {
	is_mounted || ! is_alive "$tracer"
}
ends_in_time() {
	timeout 20 strace -f -qq -o /dev/null -e trace=io_uring_enter \
		-e "inject=io_uring_enter:error=ENXIO:when=$1+" "$apexfs" -f "$store" "$mnt" 2>"$work/log" &
	tracer=$!
	wait_until mounted_or_over
	timeout 20 stat "$mnt/key" >/dev/null 2>&1
	wait "$tracer"
	status=$?
	cat "$work/log"
	echo "status $status"
	! is_mounted && [ "$status" = 1 ]
}
check "io_uring that fails after the agreement ends the mount" ends_in_time 2
check "and one that fails in the midst of it" ends_in_time 4
mount_store
check "the next mount works" works
stop_daemon

# Requests are no longer read while the kernel is being told to forget a name: it waits for the folder,
# which a client has locked that waits for an answer. Still all is written, and the mount ends.
wait_is_over() {
	is_dead "$daemon_pid" || [ "$(date +%s)" -ge "$deadline" ]
}
ends_while_it_tells() {
	"$apexfs" -f -s -o fuse.transport=auto "$store" "$mnt" 2>"$work/log" &
	daemon_pid=$!
	wait_until is_mounted
	mkdir -p "$mnt/folder"
	echo 1 >"$mnt/folder/old"
	exec 6>"$mnt/.apex/batch"
	# attaching begins one read(2) again; the next one takes the batch, and the log is slow to take that
	strace -f -o /dev/null -p "$daemon_pid" -e trace=read,pwritev -e inject=read:error=EIO:when=2+ \
		-e inject=pwritev:delay_enter=1500000 2>"$work/tracer" &
	wait_until grep -q attached "$work/tracer"
	printf 'del\tfolder/old\n' >&6 &
	writer=$!
	sleep 0.5
	mkdir "$mnt/folder/new" &
	maker=$!
	deadline=$(($(date +%s) + 20))
	wait_until wait_is_over
	hangs=no
	is_alive "$daemon_pid" && hangs=yes && umount -f "$mnt"
	exec 6>&-
	wait "$daemon_pid"
	status=$?
	wait "$writer" "$maker"
	daemon_pid=
	cat "$work/log"
	[ "$hangs $status" = "no 1" ] && ! is_mounted
}
if [ "$(id -u)" = 0 ]; then
	check "a loop that breaks down while the kernel is told ends the mount" ends_while_it_tells
	mount_store
	check "all was written" test -d "$mnt/folder" -a ! -e "$mnt/folder/old"
else
	skip "a loop that breaks down while the kernel is told" "not root: the connection cannot be ended"
fi
finish
