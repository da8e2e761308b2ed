# shellcheck shell=sh
# What the mount tests share. A test begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and is called with the build folder. It writes TAP; `finish` ends it. Whatever happens, the mount
# is gone and the daemon of this test (and no other) is dead afterwards.

set -u
umask 022
# The words of errors, and the order of names.
LC_ALL=C
export LC_ALL

build=${1:?usage: $0 BUILD_FOLDER}
test_number=0
failures=0
daemon_pid=

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# Where the build put a program: at the top of the build folder or in the folder of its source.
find_program() {
	for candidate in "$build/$1" "$build/fs/$1" "$build/lsm/cli/$1"; do
		if [ -f "$candidate" ] && [ -x "$candidate" ]; then
			readlink -f "$candidate"
			return
		fi
	done
	echo "no program $1 in $build" >&2
	exit 1
}

apexfs=$(find_program apexfs) || exit 1
[ -c /dev/fuse ] || skip_all "no /dev/fuse"
if [ "$(id -u)" = 0 ]; then
	# A container's root may not; "unchanged" for a root that is no mount point, as in a chroot.
	unshare --mount --propagation unchanged true 2>/dev/null || skip_all "this root may not mount"
else
	[ -w /dev/fuse ] || skip_all "/dev/fuse is not for this user"
	command -v fusermount3 >/dev/null || skip_all "neither root nor fusermount3"
fi

if [ "${APEXFS_FUSE_TRANSPORT:-}" = uring ]; then
	grep -q '^[Y1]' /sys/module/fuse/parameters/enable_uring 2>/dev/null ||
		skip_all "the kernel does not offer FUSE over io_uring: see tests/support/with_uring.sh"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/apexfs-test.XXXXXX") || exit 1
store=$work/store
mnt=$work/mnt
mkdir "$mnt"

# Whether the process still runs: a zombie does not, once its other threads are gone.
is_alive() {
	state=$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null)
	case $state in
	"") return 1 ;;
	Z) [ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -gt 1 ] ;;
	esac
}

# Run a command until it succeeds, for a minute at most: closing a store on a busy disk takes its time.
wait_until() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 6000 ] || return 1
		sleep 0.01
	done
}

is_dead() {
	! is_alive "$1"
}

is_mounted() {
	grep -qF " $(printf %s "$mnt" | sed 's/ /\\040/g') fuse.apexfs " /proc/mounts
}

detach() {
	if [ "$(id -u)" = 0 ]; then
		umount -l "$mnt"
	else
		fusermount3 -u -z "$mnt"
	fi
}

clean_up() {
	status=$?
	trap - EXIT INT TERM HUP
	trap '' PIPE
	cd /
	if [ -n "$daemon_pid" ] && is_alive "$daemon_pid"; then
		kill -KILL "$daemon_pid"
		wait_until is_dead "$daemon_pid"
	fi
	if is_mounted; then
		detach
	fi
	rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP PIPE

# The value of a line of .stats.
stats_value() {
	sed -n "s/^$1 //p" "$mnt/.stats"
}

# Mount the store with the options given and those of $APEX_MOUNT_OPTIONS. Without a mount the test
# ends.
mount_store() {
	# shellcheck disable=SC2086 # a list of words
	if ! "$apexfs" ${APEX_MOUNT_OPTIONS:-} "$@" "$store" "$mnt"; then
		echo "Bail out! cannot mount"
		exit 1
	fi
	daemon_pid=$(stats_value pid)
}

stop_daemon() {
	kill -TERM "$daemon_pid" && wait_until is_dead "$daemon_pid"
	daemon_pid=
}

kill_daemon() {
	kill -KILL "$daemon_pid" && wait_until is_dead "$daemon_pid"
	daemon_pid=
}

remount() {
	stop_daemon
	mount_store "$@"
}

# check NAME COMMAND...: one test, passed when the command succeeds.
check() {
	test_number=$((test_number + 1))
	name=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		echo "ok $test_number - $name"
	else
		echo "not ok $test_number - $name"
		failures=$((failures + 1))
		sed 's/^/# /' "$work/output"
	fi
}

# skip NAME WHY: one test that cannot be made here
skip() {
	test_number=$((test_number + 1))
	echo "ok $test_number - $1 # SKIP $2"
}

# same EXPECTED ACTUAL
same() {
	[ "$1" = "$2" ] || {
		echo "expected: $1"
		echo "actual:   $2"
		return 1
	}
}

# at_most LIMIT ACTUAL
at_most() {
	[ "$2" -le "$1" ] || {
		echo "expected at most $1, actual $2"
		return 1
	}
}

# fails_with TEXT COMMAND...: it fails and says TEXT in one line.
fails_with() {
	text=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		echo "did not fail: $*"
		return 1
	fi
	cat "$work/said"
	grep -qF -- "$text" "$work/said" && [ "$(wc -l <"$work/said")" = 1 ]
}

finish() {
	echo "1..$test_number"
	[ "$failures" = 0 ]
	exit
}
