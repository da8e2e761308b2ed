#!/bin/sh
# A full disk, seen through a mount: the store lies on a tmpfs of 64 MiB. echo says "No space left on device" and
# changes nothing, rm works, df tells the truth, and when there is space again, writing goes on in the same mount.
#
# usage: full_disk_mount.sh BUILD_FOLDER, as root
. "$(dirname "$0")/../mount/lib.sh"
[ "$(id -u)" = 0 ] || skip_all "only root can mount a tmpfs"

disk=$work/disk
store=$disk/store
mkdir "$disk"
mount -t tmpfs -o size=64M tmpfs "$disk" || skip_all "no tmpfs can be mounted here"

leave() {
	status=$?
	trap - EXIT INT TERM HUP
	cd /
	if [ -n "$daemon_pid" ] && is_alive "$daemon_pid"; then
		kill -KILL "$daemon_pid"
		wait_until is_dead "$daemon_pid"
	fi
	umount -l "$disk"
	(exit "$status")
	clean_up
}
trap leave EXIT

available_kib() {
	df -k --output=avail "$1" | tail -n 1 | tr -d ' '
}

# The mount's df never promises more than the disk has.
df_is_true() {
	of_mount=$(available_kib "$mnt")
	of_disk=$(available_kib "$disk")
	echo "mount: $of_mount KiB, disk: $of_disk KiB"
	[ "$of_mount" -le "$of_disk" ]
}

# has_content NAME: it begins with its name and is whole.
has_content() {
	[ "$(head -c 9 "$mnt/$1")" = "$1" ] && [ "$(stat -c %s "$mnt/$1")" = 65536 ]
}

all_have_content() {
	for path in "$mnt"/f*; do
		has_content "${path##*/}" || { echo "${path##*/} is wrong"; return 1; }
	done
}

write_file() {
	{
		printf %s "$1"
		head -c 65527 /dev/urandom
	} 2>/dev/null >"$work/content"
	# a child, so that its complaint can be caught
	sh -c 'cat <"$1" >"$2"' sh "$work/content" "$mnt/$1"
}

# Files of 64 KiB until one does not fit; $written of them were acknowledged.
fill() {
	while [ "$written" -lt 99999999 ]; do
		fresh=$(printf 'f%08d' $((written + 1)))
		if ! write_file "$fresh" 2>"$work/said"; then
			rm -f "$mnt/$fresh"
			return 0
		fi
		written=$((written + 1))
	done
}

# One letter at a time, until the background finds no more space for them; calm stays below 30 when it goes on
# finding some.
tries=0
fill_small() {
	calm=0
	last=$((tries + 200))
	while [ "$calm" -lt 30 ] && [ "$tries" -lt "$last" ]; do
		if sh -c 'echo x >"$1"' sh "$mnt/small$tries" 2>/dev/null; then
			calm=0
		else
			calm=$((calm + 1))
			rm -f "$mnt/small$tries"
		fi
		tries=$((tries + 1))
		sleep 0.01
	done
}

# Memtables that suit so small a disk.
options=memtable.max_size=1m
written=0
mount_store -o "$options"
head -c $((4 * 1024 * 1024)) /dev/zero >"$disk/first"
check "df tells the truth on an empty disk" df_is_true
fill
check "it fills, and cat says why" grep -q "No space left on device" "$work/said"
# what jobs held back when the first file was refused comes free again
rounds=0
fill_small
while [ "$calm" -lt 30 ] && [ "$rounds" -lt 30 ]; do
	fill
	fill_small
	rounds=$((rounds + 1))
done
refused() { fails_with "No space left on device" sh -c 'head -c 100000 /dev/urandom >"$1"' sh "$mnt/$1"; }
check "a large file says No space left on device" refused large
rm -f "$mnt/large"
overwrite() { fails_with "No space left on device" sh -c 'dd if=/dev/urandom of="$1" bs=64K count=1 conv=notrunc 2>&1 | grep -o "No space left on device"; exit 1' sh "$mnt/f00000001"; }
check "overwriting in place does too" overwrite
check "and changes nothing" has_content f00000001
check "what was acknowledged is there, whole" all_have_content
# but for the reserve
check "df says that nothing is left" at_most 4096 "$(available_kib "$mnt")"
check "health says what is wrong" sh -c "grep -q '^health degraded' '$mnt/.stats'"
check "rm works" rm "$mnt/f00000002" "$mnt/f00000003"
check "and it is gone" test ! -e "$mnt/f00000002"
# it frees nothing, so it may be refused; then nothing has happened
moved() { [ -e "$mnt/g00000004" ] && [ ! -e "$mnt/f00000004" ]; }
stayed() { has_content f00000004 && [ ! -e "$mnt/g00000004" ]; }
mv "$mnt/f00000004" "$mnt/g00000004" 2>/dev/null
whole_move() { moved || stayed; }
check "mv works whole or not at all" whole_move
check "what is left is whole" all_have_content
remount -o "$options"
check "mounting works on the full disk" all_have_content
check "what was removed stays away" test ! -e "$mnt/f00000003"
check "rm still works" rm "$mnt/f00000005"
rm "$disk/first"
write_again() { write_file f99999998; }
check "with space again writing goes on" wait_until write_again
check "and all is whole" all_have_content
healthy() { grep '^health' "$mnt/.stats" | tee "$work/health" | grep -q '^health ok'; }
check "health is good again" wait_until healthy
sed 's/^/# /' "$work/health"
check "df tells the truth" df_is_true
stop_daemon
finish
