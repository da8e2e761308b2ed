#!/bin/sh
# Who may come in, what fsync does, and many programs at once.
. "$(dirname "$0")/lib.sh"

chmod 755 "$work"

# Run a command as somebody else; needs root.
as_other() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

mount_store
echo public >"$mnt/public"
(umask 077 && echo private >"$mnt/private")
if [ "$(id -u)" = 0 ] && as_other true 2>/dev/null; then
	check "without allow_other others stay out" fails_with "ermission denied" \
		as_other cat "$mnt/public"
	remount -o allow_other
	check "with allow_other others come in" same public "$(as_other cat "$mnt/public")"
	check "but modes hold" fails_with "ermission denied" as_other cat "$mnt/private"
	check "and folders do" fails_with "ermission denied" as_other touch "$mnt/new"
	mkdir -m 1777 "$mnt/shared"
	as_other touch "$mnt/shared/theirs"
	check "a file belongs to who made it" same "65534:65534" \
		"$(stat -c %u:%g "$mnt/shared/theirs")"
	check "who writes a set-id program has a plain file" as_other perl -e '
		use Fcntl;
		sysopen(F, $ARGV[0], O_WRONLY | O_CREAT, 06755) && syswrite(F, "#!") or die $!;
		my $mode = (stat F)[2] & 07777;
		$mode == 0755 or die sprintf("mode %o", $mode)' "$mnt/shared/program"
	chown 1:2 "$mnt/public"
	check "chown sets the owner" same 1:2 "$(stat -c %u:%g "$mnt/public")"
	remount -o allow_other
	check "the owner is kept" same 1:2 "$(stat -c %u:%g "$mnt/public")"
else
	skip "others stay out, or come in with allow_other" "only root can be somebody else"
fi

remount -o wal.sync_mode=manual
is_durable() {
	same "$(stats_value last_seqno)" "$(stats_value durable_seqno)"
}
is_not_durable() {
	! is_durable
}
echo 1 >"$mnt/one"
check "in manual mode a write alone is not durable" is_not_durable
sync "$mnt/one"
check "fsync makes it durable" is_durable
echo 2 >"$mnt/two"
sync -d "$mnt/public"
check "fdatasync of any file makes all durable" is_durable
echo 3 >"$mnt/three"
sync "$mnt"
check "fsync of a folder does" is_durable
: >"$mnt/empty"
sync "$mnt"
check "fsync logs an empty file that was held" is_durable
echo 4 | dd of="$mnt/four" oflag=dsync 2>/dev/null
check "O_DSYNC makes each write durable" is_durable

# Four programs at a time, each in a folder of its own and all in a common one.
writer() {
	mkdir "$mnt/own$1"
	i=0
	while [ "$i" -lt 200 ]; do
		echo "$1.$i" >"$mnt/own$1/$i"
		echo "$1.$i" >"$mnt/common/$1.$i"
		[ $((i % 3)) != 0 ] || rm "$mnt/own$1/$i"
		i=$((i + 1))
	done
}
mkdir "$mnt/common"
for n in 1 2 3 4; do
	writer "$n" &
done
while [ "$(find "$mnt/common" -type f | wc -l)" -lt 800 ] && is_alive "$daemon_pid"; do
	cat "$mnt"/own*/* >/dev/null 2>&1
	ls -lR "$mnt" >/dev/null 2>&1
done
wait
check "four writers at once lose nothing" same 800 "$(cat "$mnt"/common/* | sort -u | wc -l)"
check "nor in their own folders" same 532 "$(cat "$mnt"/own*/* | sort -u | wc -l)"
check "the store is healthy" same ok "$(stats_value health)"
finish
