#!/bin/sh
# Programs that write into the middle of large files: fio, sqlite3, git, dd. What they wrote is right, also after
# kill -9 and a remount.
# environment: APEX_PROGRAM_MIB, size of the database, of fio's files and of the pack (20)
. "$(dirname "$0")/lib.sh"

for program in fio sqlite3 git; do
	command -v "$program" >/dev/null || skip_all "$program is not installed"
done
mib=${APEX_PROGRAM_MIB:-20}
HOME=$work
export HOME

mount_store

# The daemon dies, and another one finds what it left.
crash() {
	kill_daemon
	detach
	mount_store
}

# fio_job NAME OPTION...: writes and reads back, or with --verify_only reads again
fio_job() {
	file=$1
	shift
	fio --name="$file" --filename="$mnt/$file" --size="${mib}m" --ioengine=psync \
		--verify=crc32c --verify_state_save=0 --randseed=7 "$@"
}
sequential() { fio_job sequential --rw=write --bs=64k "$@"; }
random() { fio_job random --rw=randwrite --bs=4k "$@"; }
odd() { fio_job odd --rw=randwrite --bsrange=512-300k --bs_unaligned=1 "$@"; }

truncate -s "${mib}m" "$mnt/odd"
for job in sequential random odd; do
	check "fio, $job writes" "$job"
done
crash
for job in sequential random odd; do
	check "fio, $job writes, verified after kill -9" "$job" --verify_only
done
rm "$mnt/sequential" "$mnt/random" "$mnt/odd"

# fill MODE: rows of a kilobyte, spread over an index, then every seventh one changed and some deleted
fill() {
	sqlite3 -bail "$mnt/$1.db" <<-END
		PRAGMA journal_mode=$1;
		CREATE TABLE t(id INTEGER PRIMARY KEY, spread INTEGER, body BLOB);
		CREATE INDEX spread ON t(spread);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $((mib * 900)))
			INSERT INTO t SELECT i, (i * 7919) % 1000003, randomblob(1000) FROM n;
		UPDATE t SET body = randomblob(1500), spread = spread + 1 WHERE id % 7 = 0;
		DELETE FROM t WHERE id % 11 = 0;
	END
}

database_says() {
	sqlite3 -bail "$mnt/$1.db" "PRAGMA integrity_check; SELECT count(*), sum(spread) FROM t"
}

# What the database must say, known without it.
expected() {
	awk -v n=$((mib * 900)) 'BEGIN {
		for (i = 1; i <= n; i++)
			if (i % 11) {
				rows++
				sum += (i * 7919) % 1000003 + (i % 7 == 0)
			}
		printf "ok\n%d|%.0f\n", rows, sum
	}'
}

# A transaction that is open when the daemon dies never was.
die_in_transaction() {
	mkfifo "$work/commands" || return 1
	sqlite3 "$mnt/$1.db" <"$work/commands" >"$work/answers" 2>&1 &
	client=$!
	exec 9>"$work/commands"
	rm "$work/commands"
	echo "BEGIN; UPDATE t SET spread = 0, body = zeroblob(1500); SELECT 'changed';" >&9
	changed() { grep -q changed "$work/answers" || ! is_alive "$client"; }
	until changed; do sleep 0.05; done
	kill_daemon
	kill -KILL "$client"
	wait "$client" 2>/dev/null
	exec 9>&-
	detach
	mount_store
	grep -q changed "$work/answers"
}

for mode in delete wal; do
	check "sqlite3 fills a database, journal mode $mode" fill "$mode"
	check "it is whole" same "$(expected)" "$(database_says "$mode")"
	crash
	check "and after kill -9" same "$(expected)" "$(database_says "$mode")"
	check "the daemon dies in a transaction" die_in_transaction "$mode"
	check "which leaves nothing" same "$(expected)" "$(database_says "$mode")"
	rm "$mnt/$mode.db"*
done

# Packs of bytes that do not shrink, made of loose objects and then of packs.
commit_one() {
	head -c $((mib * 524288)) /dev/urandom >file && git add file &&
		git -c user.name=a -c user.email=a@localhost commit -q -m "$1"
}
pack() {
	git init -q "$mnt/repository" && cd "$mnt/repository" &&
		commit_one one && git gc -q && commit_one two && commit_one three && git gc -q
}
fsck() {
	git -C "$mnt/repository" fsck --strict --full && git -C "$mnt/repository" status --porcelain
}
check "git gc" pack
check "git fsck finds it whole" same "" "$(fsck 2>&1)"
crash
check "and after kill -9" same "" "$(fsck 2>&1)"
rm -rf "$mnt/repository"

# Each power of two and its neighbours.
head -c $((9 << 20)) /dev/urandom >"$work/source"
dd_sizes() {
	power=1
	while [ "$power" -le 4194304 ]; do
		for bs in $((power - 1)) "$power" $((power + 1)); do
			dd_size "$bs" || return 1
		done
		power=$((power * 2))
	done
}
dd_size() {
	[ "$1" -gt 0 ] && [ "$1" -le 4194304 ] || return 0
	count=$((9437184 / $1))
	[ "$count" -le 1000 ] || count=1000
	head -c $(($1 * count)) "$work/source" >"$work/expected"
	dd if="$work/source" of="$mnt/dd$1" bs="$1" count="$count" 2>/dev/null &&
		dd if="$mnt/dd$1" of="$work/read" bs="$1" 2>/dev/null &&
		cmp "$work/expected" "$mnt/dd$1" && cmp "$work/expected" "$work/read" ||
		{ echo "block size $1"; return 1; }
}
dd_sums() {
	(cd "$mnt" && cksum dd*)
}
check "dd with blocks of 1 B to 4 MiB" dd_sizes
before=$(dd_sums)
crash
check "and after kill -9" same "$before" "$(dd_sums)"

check "the store is healthy" same ok "$(stats_value health)"
stop_daemon
apexkv=$(find_program apexkv)
check "apexkv finds no damage" "$apexkv" "$store" verify
finish
