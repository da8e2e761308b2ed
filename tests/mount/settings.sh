#!/bin/sh
# Where settings come from, what they do to the running daemon, and which of them change meanwhile.
. "$(dirname "$0")/lib.sh"

HOME=$work/home
export HOME
mkdir -p "$HOME/.config"

# printed NAME ARGUMENT...: the line of --print-config
printed() {
	line=$1
	shift
	"$apexfs" --print-config "$@" | grep "^$line="
}

# ---- sources ----

[ -e /etc/apexfs.ini ] || check "nothing is set by itself" \
	same "wal.sync_mode=interval    # default" "$(printed wal.sync_mode "$store")"
mkdir "$store"
printf '[wal]\nsync_mode = batch\n\n[memtable]\nmax_size = 3m\n' >"$HOME/.config/apexfs.ini"
check "the home's file is read" \
	same "wal.sync_mode=batch    # $HOME/.config/apexfs.ini:2" "$(printed wal.sync_mode "$store")"
printf '\n[wal]\nsync_mode = manual\n' >"$store/apexfs.ini"
check "the store's own instead, where there is one" \
	same "wal.sync_mode=manual    # $store/apexfs.ini:3" "$(printed wal.sync_mode "$store")"
check "one file alone" same "memtable.max_size=32m    # default" "$(printed memtable.max_size "$store")"
printf '[wal]\nsync_mode = interval\n' >"$work/named.ini"
check "or the one that is named" same "wal.sync_mode=interval    # $work/named.ini:2" \
	"$(printed wal.sync_mode -c "$work/named.ini" "$store")"
check "the environment says more than a file" same "wal.sync_mode=always    # environment" \
	"$(APEXFS_WAL_SYNC_MODE=always printed wal.sync_mode "$store")"
check "the command line more than that" same "wal.sync_mode=batch    # command line" \
	"$(APEXFS_WAL_SYNC_MODE=always printed wal.sync_mode -o wal.sync_mode=batch "$store")"
check "a profile less than a file" same "wal.sync_mode=manual    # $store/apexfs.ini:3" \
	"$(printed wal.sync_mode -o profile=high_write "$store")"
check "but more than defaults" same "memtable.max_size=128m    # profile high_write" \
	"$(APEXFS_PROFILE=high_write printed memtable.max_size "$store")"
check "data_dir is where the store's file is, too" same "wal.sync_mode=manual    # $store/apexfs.ini:3" \
	"$(printed wal.sync_mode -o "store.data_dir=$store")"
printf '[wal]\nsync_mod = batch\n' >"$store/apexfs.ini"
check "a wrong name is refused, with the place and the nearest" \
	fails_with "$store/apexfs.ini:2: unknown option wal.sync_mod; the nearest is wal.sync_mode" \
	"$apexfs" "$store" "$mnt"
apexkv=$(find_program apexkv)
check "apexkv reads the same file" fails_with "$store/apexfs.ini:2: unknown option" \
	"$apexkv" "$store" get x
printf '[wal]\n[wall]\n' >"$store/apexfs.ini"
check "so is a wrong section, though it is empty" \
	fails_with "$store/apexfs.ini:2: unknown section [wall]; the nearest is [wal]" \
	"$apexfs" --print-config "$store"
printf '[compaction]\nl0_slowdown = 3\n' >"$store/apexfs.ini"
together="$store/apexfs.ini:2: compaction.l0_slowdown=3: out of range, allowed: 4 to 20 tables"
check "so is what does not go together, with place and range" fails_with "$together" "$apexfs" "$store" "$mnt"
check "by --print-config, too" fails_with "$together" "$apexfs" --print-config "$store"
check "and by apexkv" fails_with "$together" "$apexkv" "$store" get x
check "a setting without its section" fails_with "the nearest is wal.sync_mode" \
	"$apexfs" -o sync_mode=always "$store" "$mnt"
check "a setting without its value" fails_with "wal.sync_mode needs a value, allowed: always" \
	"$apexfs" -o wal.sync_mode "$store" "$mnt"
printf '[memtable]\nmax_size = 9m\n[fuse]\nmax_threads = 3\n' >"$store/apexfs.ini"
chmod 666 "$store/apexfs.ini"
check "a file that others may write is refused" fails_with "others may write" "$apexfs" "$store" "$mnt"
chmod 600 "$store/apexfs.ini"
rm "$HOME/.config/apexfs.ini"

# ---- a folder that holds a settings file alone is an empty one ----

"$apexfs" -o "store.data_dir=$store" "$mnt"
daemon_pid=$(stats_value pid)
check "store.data_dir=: the store of a mount that names none" test -e "$store/CURRENT"
check "its file is in force" same 9437184 "$(stats_value memtable_max_size)"
check "a store keeps its settings file" test -e "$store/apexfs.ini"
rm "$store/apexfs.ini"

# ---- the kernel's side ----

connection() {
	minor=$(stat -c %d "$mnt")
	cat "/sys/fs/fuse/connections/$minor/$1"
}

remount -o fuse.max_background=7
if connection max_background >/dev/null 2>&1; then
	check "fuse.max_background= is what the kernel keeps in flight" same 7 "$(connection max_background)"
else
	skip "fuse.max_background=" "no /sys/fs/fuse/connections"
fi

# writes BYTES: how many WRITE requests a write(2) of so many is
writes() {
	before=$(stats_value fuse_write)
	dd if=/dev/zero of="$mnt/written" bs="$1" count=1 status=none
	echo $(($(stats_value fuse_write) - before))
}

check "a write of a megabyte is one request" same 1 "$(writes 1M)"
remount -o fuse.max_write=64k
check "fuse.max_write= makes it more" same 16 "$(writes 1M)"

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	as_other() {
		setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
	}
	chmod 755 "$work"
	remount
	check "others do not come in" fails_with "Permission denied" as_other ls "$mnt"
	remount -o fuse.allow_other=on
	check "fuse.allow_other= lets them" as_other ls "$mnt"
	echo x >"$mnt/private" && chmod 600 "$mnt/private"
	check "as far as modes let them" fails_with "Permission denied" as_other cat "$mnt/private"
else
	skip "fuse.allow_other=" "not root"
fi

# ---- limits ----

remount -o fs.rename_max_keys=2
mkdir "$mnt/few" "$mnt/many"
echo 1 >"$mnt/few/1"
for i in 1 2 3; do echo $i >"$mnt/many/$i"; done
python3 - "$mnt" <<'END' >"$work/renames" 2>&1
import os, sys
for name in ("few", "many"):
    try:
        os.rename(f"{sys.argv[1]}/{name}", f"{sys.argv[1]}/{name}-new")
        print(name, "ok")
    except OSError as e:
        print(name, e.strerror)
END
check "fs.rename_max_keys= bounds a folder's rename" \
	same "few ok many Invalid cross-device link" "$(tr '\n' ' ' <"$work/renames" | sed 's/ $//')"

check "a limit changes while the store is mounted" \
	sh -c "echo 100 >'$mnt/.apex/config.d/fs.rename_max_keys' && mv '$mnt/many' '$mnt/many-new'"
check "which is shown, with its origin" \
	grep -q '^fs.rename_max_keys=100    # live$' "$mnt/.apex/config"
check "so does the longest key" sh -c "echo 12 >'$mnt/.apex/config.d/store.max_key_size'"
check "a longer one is refused at its creation" \
	fails_with "File name too long" sh -c ": >'$mnt/a longer name'"
check "a folder's too" fails_with "File name too long" mkdir "$mnt/a longer name"
check "a shorter one is not" sh -c "echo x >'$mnt/short'"
check "and the largest value" sh -c "echo 4k >'$mnt/.apex/config.d/store.max_value_size'"
check "a larger one is refused by its write" \
	fails_with "File too large" dd if=/dev/zero of="$mnt/large" bs=5000 count=1 status=none
check "what cannot change says so" \
	fails_with "ermission" sh -c "echo 3 >'$mnt/.apex/config.d/fuse.max_threads'"

# ---- waiting ----

# A compaction that may write a byte a second, and a write that has to wait for it.
stuck=memtable.max_size=256k,compaction.rate_limit=1,compaction.l0_threshold=2
stuck=$stuck,compaction.l0_slowdown=2,compaction.l0_stop=2,sstable.compression=none
stuck=$stuck,fuse.request_timeout=1
remount -o "$stuck"

# Until level 0 stops writes: some 100 KiB each.
fill_level0() {
	i=0
	while [ $i -lt 40 ] && head -c 50000 /dev/urandom >"$mnt/fill$i" 2>"$work/said"; do
		i=$((i + 1))
	done
	[ $i -lt 40 ]
}

check "fuse.request_timeout= ends the wait of a write" fill_level0
check "with ETIMEDOUT" grep -q "timed out" "$work/said"

# at_least LIMIT ACTUAL
at_least() {
	[ "$2" -ge "$1" ] || {
		echo "expected at least $1, actual $2"
		return 1
	}
}

tasks() {
	find "/proc/$daemon_pid/task" -mindepth 1 -maxdepth 1 | wc -l
}

# Whether one of the processes runs.
any_alive() {
	for pid; do
		is_alive "$pid" && return
	done
	false
}

# Five writers who wait; the most threads that the daemon has meanwhile.
most_tasks() {
	pids=
	for n in 1 2 3 4 5; do
		sh -c "echo x >'$mnt/waiting$n'" >/dev/null 2>&1 &
		pids="$pids $!"
	done
	most=0
	# shellcheck disable=SC2086 # a list
	while any_alive $pids; do
		now=$(tasks)
		[ "$now" -le "$most" ] || most=$now
	done
	wait
	echo "$most"
}

remount -o "$stuck,fuse.transport=classic,fuse.max_threads=2"
few=$(most_tasks)
remount -o "$stuck,fuse.transport=classic,fuse.max_threads=10"
check "fuse.max_threads= is how many requests are worked on" at_least $((few + 3)) "$(most_tasks)"

# ---- statistics ----

remount
ls "$mnt" >/dev/null
check "requests are counted" at_least 1 "$(stats_value fuse_opendir)"
remount -o stats.enable=off
ls "$mnt" >/dev/null
check "stats.enable=off: they are not" same 0 "$(stats_value fuse_opendir)"
remount -o "stats.file=$work/stats.json,stats.interval=1"
check "stats.file= is written" wait_until test -s "$work/stats.json"
check "as JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/stats.json"

is_newer() {
	[ "$(stat -c '%i %Y' "$work/stats.json")" != "$written" ]
}

written=$(stat -c '%i %Y' "$work/stats.json")
check "and again after stats.interval=" wait_until is_newer

# ---- features ----

remount
echo on >"$mnt/.apex/features/read_only"
remount
check "a feature is kept" fails_with "ead-only" sh -c ": >'$mnt/frozen'"
remount -o features.steer=off
check "features.steer=off: it steers nothing" sh -c "echo x >'$mnt/thawed'"
check "and stays a flag" grep -qx "enabled on" "$mnt/.apex/features/read_only"
check "that can be removed" rm "$mnt/.apex/features/read_only"
remount
check "so that all is as it was" sh -c "echo x >'$mnt/thawed' && grep -qx 'enabled off' '$mnt/.apex/features/read_only'"
check "but its version" fails_with "tale" \
	sh -c "echo 'version 1 on' | tee '$mnt/.apex/features/read_only' >/dev/null"

# ---- a folder that a record of the log does not take ----

remount -o "blob.large_value_threshold=1k,wal.max_record_size=140k"
seq 1 5000 | sed 's,.*,big/&=value value value value,' >"$work/lines"
check "a folder of 5000 files" sh -c "split -l 500 --filter='cat >\"$mnt/.apex/batch\"' '$work/lines'"
check "is moved file by file" mv "$mnt/big" "$mnt/moved"
check "to the last" same 5000 "$(find "$mnt/moved" -type f | wc -l)"

# ---- the log ----

remount -o "log.file=$work/log,log.level=info"
check "log.file= has the messages" grep -q " info mounted store=$store mount=$mnt" "$work/log"
check "it is its owner's alone" same 600 "$(stat -c %a "$work/log")"
stop_daemon
check "to the last" grep -q " info unmounted store=$store" "$work/log"
mount_store -o "log.file=$work/log,log.level=error"
lines=$(wc -l <"$work/log")
check "log.level= leaves the lesser ones out" same "$lines" "$(wc -l <"$work/log")"
echo info >"$mnt/.apex/config.d/log.level"
echo json >"$mnt/.apex/config.d/log.format"
stop_daemon
check "log.format=json is JSON, a line each" python3 -c '
import json, sys
last = [json.loads(l) for l in open(sys.argv[1]) if l.startswith("{")]
assert last and last[-1]["level"] == "info" and last[-1]["text"].startswith("unmounted")
assert last[-1]["time"].endswith("Z")' "$work/log"
mkfifo "$work/fifo"
check "a FIFO is no log file" fails_with "log.file: $work/fifo" \
	"$apexfs" -o "log.file=$work/fifo" "$store" "$mnt"
finish
