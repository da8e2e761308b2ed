#!/bin/sh
# The control files: .apex.
. "$(dirname "$0")/lib.sh"

mount_store
cd "$mnt" || exit 1
apex=$mnt/.apex
# umount(8), and wait for the daemon.
unmount_store() {
	if [ "$(id -u)" = 0 ]; then umount "$mnt"; else fusermount3 -u "$mnt"; fi
	wait_until is_dead "$daemon_pid"
}
reason() { head -n 1 .apex/error; }

# ---- the tree ----
check "it is found by name" test -d .apex
check "it is not listed" same "" "$(find . -mindepth 1)"
check "it is its owner's alone" same "700 $(id -u)" "$(stat -c '%a %u' .apex)"
check "its files are listed in it" grep -qx batch <<END
$(ls .apex)
END
check "version" same "apexfs" "$(cut -d' ' -f1 .apex/version)"
check "health" same ok "$(cat .apex/health)"
check "levels has a line for each" same 8 "$(wc -l <.apex/levels)"
check "README tells of each file" same "" "$(ls .apex | while read -r name; do
	grep -q "^$name" .apex/README || echo "$name"
done)"
check "nothing is made in it" fails_with "ermission denied" mkdir .apex/new
check "what is shown only cannot be written" fails_with "ermission denied" sh -c 'echo x >.apex/health'
check "the folder cannot be removed" fails_with "ermission denied" rmdir .apex

# ---- identical bytes, whoever reads ----
echo value >key
echo flush >.apex/ctl
fixed="README version health levels error config ctl batch count/all count/prefix/k search/prefix/k
	search/substring/e search/value/alu search/prefix0/k features/read_only config.d/log.level watch"
mkdir "$work/tar" "$work/rsync"
cat >"$work/send.py" <<'END'
import os, sys
with open(sys.argv[1], "rb") as f, open(sys.argv[2], "wb") as out:
    size, at = os.fstat(f.fileno()).st_size, 0
    while at < size:
        n = os.sendfile(out.fileno(), f.fileno(), at, size - at)
        if n == 0:
            break
        at += n
with open(sys.argv[1], "rb") as f, open(sys.argv[3], "wb") as out:
    out.write(f.read())
END
# Whatever reads one sees the same bytes: differing programs are printed.
readers() {
	file=.apex/$1
	cat "$file" >"$work/cat"
	cp "$file" "$work/cp"
	tar cf - "$file" | (cd "$work/tar" && tar xf -)
	dd if="$file" of="$work/dd" bs=13 2>/dev/null
	tail -n +1 "$file" >"$work/tail"
	head -c 1000000 "$file" >"$work/head"
	cp "$work/cp" "$work/less"
	if command -v less >/dev/null; then less -f "$file" >"$work/less"; fi
	cp "$work/cp" "$work/rsync/out"
	if command -v rsync >/dev/null; then rsync -I "$file" "$work/rsync/out"; fi
	cp "$work/cp" "$work/send"
	cp "$work/cp" "$work/read"
	if command -v python3 >/dev/null; then
		python3 "$work/send.py" "$file" "$work/send" "$work/read"
	fi
	for program in cp "tar/$file" dd tail head less rsync/out send read; do
		cmp -s "$work/cat" "$work/$program" || echo "$1: $program"
	done
	[ "$(stat -c %s "$file")" = "$(wc -c <"$work/cat")" ] || echo "$1: size"
}
for file in $fixed; do
	check "all programs read the same of $file" same "" "$(readers "$file")"
done

# ---- ctl ----
for command in flush sync verify compact "compact 0" "compact user/" drop-cache "log info"; do
	check "ctl: $command" sh -c "echo '$command' >.apex/ctl"
done
check "ctl: log is a setting" same info "$(cat .apex/config.d/log.level)"
check "a command that is none" fails_with "nvalid argument" sh -c 'echo nonsense | tee .apex/ctl >/dev/null'
check "its reason stands in error" same "EINVAL ctl: no such command; ctl shows what there is" \
	"$(reason | sed 's/ (pid.*//')"
check "an operand too many" fails_with "nvalid argument" sh -c 'echo sync now | tee .apex/ctl >/dev/null'
check "compact: no such level is a prefix" sh -c 'echo "compact 9" >.apex/ctl'
check "checkpoint" sh -c "echo 'checkpoint $work/copied' >.apex/ctl"
apexkv=$(find_program apexkv)
check "the checkpoint is a store" same value "$("$apexkv" "$work/copied" get key)"
own_mount() { fails_with "nvalid argument" sh -c 'echo "checkpoint $1" | tee .apex/ctl >/dev/null' sh "$1"; }
ln -s "$mnt" "$work/to_mount"
mkdir folder
for path in "$mnt/copy" "$mnt/folder/copy" "$mnt/../mnt/copy" "$work/to_mount/copy" "$work//mnt//"; do
	check "checkpoint: not into its own mount: ${path#"$work"}" own_mount "$path"
done
check "which makes nothing there" same "folder key" "$(ls | tr '\n' ' ' | sed 's/ $//')"
rmdir folder
check "nor into its own store" own_mount "$store/copy"
check "checkpoint: no such place" fails_with "o such file" \
	sh -c 'echo "checkpoint $1/no/where" | tee .apex/ctl >/dev/null' sh "$work"
check "the reason stands in error" same "ENOENT ctl" "$(reason | cut -d: -f1)"
printf 'checkpoint %s/cut\0/off\n' "$work" >"$work/command"
check "checkpoint: a NUL in the path" fails_with "nvalid argument" cp "$work/command" .apex/ctl
check "makes nothing" test ! -e "$work/cut"
check "checkpoint: an absolute path" fails_with "nvalid argument" sh -c 'echo "checkpoint x" | tee .apex/ctl >/dev/null'
echo sync >"$work/command"
check "cp to ctl" cp "$work/command" .apex/ctl
check "mv to ctl, across file systems" mv "$work/command" .apex/ctl
check "tee to ctl" sh -c 'echo sync | tee .apex/ctl >/dev/null'
check "append to ctl" sh -c 'echo sync >>.apex/ctl'
check "a command without line feed" sh -c 'printf sync >.apex/ctl'

# ---- settings ----
check "config shows values and origins" grep -q '^wal.sync_interval_ms=.*# default$' .apex/config
check "config.d has each of them" same "$(sed 's/=.*//' .apex/config | sort)" "$(ls .apex/config.d | sort)"
check "a live setting changes" sh -c 'echo 7 >.apex/config.d/wal.sync_interval_ms'
check "and shows it" same 7 "$(cat .apex/config.d/wal.sync_interval_ms)"
check "so does config" grep -q '^wal.sync_interval_ms=7 .*# live$' .apex/config
check "out of range" fails_with "out of range" sh -c 'echo 0 | tee .apex/config.d/wal.sync_interval_ms >/dev/null'
check "the reason has the range" same 1 "$(reason | grep -c 'allowed: 1 to')"
for far in -1 18446744073709551616; do
	check "far out of range" fails_with "out of range" \
		sh -c "echo $far | tee .apex/config.d/wal.sync_interval_ms >/dev/null"
done
check "out of the range that another one leaves" fails_with "out of range" \
	sh -c 'echo 3 | tee .apex/config.d/compaction.l0_slowdown >/dev/null'
check "both are named" same "ERANGE compaction.l0_slowdown: compaction.l0_slowdown=3: out of range, \
allowed: 4 to 20 tables, as compaction.l0_threshold=4 (default) and compaction.l0_stop=20 (default)" "$(reason | sed 's/ (pid.*//')"
check "no number" fails_with "nvalid argument" sh -c 'echo x | tee .apex/config.d/wal.sync_interval_ms >/dev/null'
check "one that is not live" fails_with "ermission denied" sh -c 'echo 0 >.apex/config.d/fs.umask'
check "one that is none" fails_with "o such file" cat .apex/config.d/wal.nonsense
check "the refused ones changed nothing" same 7 "$(cat .apex/config.d/wal.sync_interval_ms)"

# ---- search, count ----
mkdir -p user
printf Ada >user/1
printf Bob >user/2
check "prefix" same "user/ user/1 user/2" "$(cat .apex/search/prefix/user | tr '\n' ' ' | sed 's/ $//')"
check "prefix with a separator" same "user/1" "$(cat .apex/search/prefix/user%2F1)"
check "substring" same "user/2" "$(cat .apex/search/substring/r%2f2)"
check "value" same "user/1" "$(cat .apex/search/value/da)"
check "separated by NUL" same "user/1|" "$(cat .apex/search/value0/da | tr '\0' '|')"
check "nothing found" same 0 "$(stat -c %s .apex/search/prefix/nothing)"
check "count" same "3 1 1" "$(cat .apex/count/prefix/user .apex/count/substring/2 .apex/count/value/Bob | tr '\n' ' ' | sed 's/ $//')"
check "count/all" same 4 "$(cat .apex/count/all)"
# The kernel looks a name up twice; what is kept for its second look is for no later one.
count_while_others_look() {
	: >run
	(
		while [ -e run ]; do
			cat .stats .apex/count/prefix/fresh- >/dev/null
		done
	) &
	stale=0
	i=0
	while [ "$i" -lt 400 ]; do
		i=$((i + 1))
		echo v >"fresh-$i"
		read -r counted <.apex/count/prefix/fresh-
		[ "$counted" = "$i" ] || stale=$((stale + 1))
	done
	rm run
	wait $!
	rm -f fresh-*
	echo "$stale"
}
check "a count is of now, also while others count" same 0 "$(count_while_others_look)"
check "a search folder lists nothing" same "" "$(ls .apex/search/prefix)"
many_searches() {
	seq -f .apex/search/prefix/%.0f 10000 | xargs stat -c %s >"$work/sizes"
	same 10000 "$(wc -l <"$work/sizes")"
}
check "10 000 searches one after another" many_searches
check "and the rest is still found" test -s .stats
echo 2 >.apex/config.d/search.max_results
check "search.max_results" same 2 "$(wc -l <.apex/search/prefix/user)"
echo 10000 >.apex/config.d/search.max_results

commands_in_one_opening() {
	failed=0
	for i in $(seq 500); do echo "log info" || failed=$((failed + 1)); done 2>/dev/null >.apex/ctl
	same 0 "$failed"
}
check "no command is cut at a page" commands_in_one_opening

# ---- features ----
check "the three that steer are there" same "compaction_paused read_only verify_reads" \
	"$(ls .apex/features | tr '\n' ' ' | sed 's/ $//')"
check "read_only on" sh -c 'echo on >.apex/features/read_only'
check "then changes are refused" fails_with "ead-only" sh -c 'echo x >new'
check "it counts its version" same "version 1" "$(head -n 1 .apex/features/read_only)"
check "health says so" same "read_only the store has been set read-only" \
	"$(tr '\n' ' ' <.apex/health | sed 's/ $//')"
check "so does .stats" same "read_only the store has been set read-only 1" \
	"$(stats_value health) $(stats_value health_text) $(stats_value takes_no_writes)"
check "no snapshot is made" fails_with "ead-only file system" mkdir .apex/snapshots/frozen
check "with the reason" same 1 "$(reason | grep -c 'EROFS frozen: the store has been set read-only')"
check "read_only off" sh -c 'echo off >.apex/features/read_only'
check "then changes are taken" sh -c 'echo x >new'
check "a feature is made by writing it" sh -c 'echo "version 0 enabled on" >.apex/features/mine'
check "a stale version" fails_with "tale" sh -c 'echo "version 0 enabled off" | tee .apex/features/mine >/dev/null'
check "changes nothing" same "version 1 enabled on" "$(head -n 2 .apex/features/mine | tr '\n' ' ' | sed 's/ $//')"
sed 's/^description.*/description of it/' .apex/features/mine >"$work/feature"
check "what was read can be written back" cp "$work/feature" .apex/features/mine
check "but once" fails_with "tale" cp "$work/feature" .apex/features/mine
check "a stale version of none" fails_with "tale" sh -c 'echo "version 3 enabled on" | tee .apex/features/ghost >/dev/null'
check "makes none" test ! -e .apex/features/ghost
check "a steering one stays" fails_with "not permitted" rm -f .apex/features/read_only
check "a bad name" fails_with "nvalid argument" sh -c 'echo on | tee ".apex/features/a b" >/dev/null'

# ---- snapshots ----
mkdir -p deep/er
echo old >deep/er/file
head -c 300000 /dev/urandom >big
cp big "$work/big"
check "mkdir makes a snapshot" mkdir .apex/snapshots/one
echo new >deep/er/file
rm user/1
echo x | dd of=big conv=notrunc bs=1 seek=777 2>/dev/null
one=.apex/snapshots/one
check "it shows what was" same old "$(cat $one/deep/er/file)"
check "also what is gone" same Ada "$(cat $one/user/1)"
check "also a large file" cmp "$work/big" $one/big
check "names, types and sizes" same "$(ls $one | tr '\n' ' ')" "big deep key new user "
check "inodes are its own" test "$(stat -c %i key)" != "$(stat -c %i $one/key)"
for change in "echo x >$one/new2" "echo x >$one/key" "rm -f $one/key" "mkdir $one/x" "chmod 600 $one/key" \
	"mv $one/key $one/key2" "ln -s x $one/link" "rmdir $one/deep"; do
	check "EROFS: $change" fails_with "ead-only file system" sh -c "$change"
done
check "its name is taken" fails_with "exists" mkdir .apex/snapshots/one
check "a folder in use" cd $one/deep
check "rmdir drops one" rmdir "$apex/snapshots/one"
check "then nothing of it is there" fails_with "tale" cat er/file
cd "$mnt" || exit 1
check "nor its name" same "" "$(ls .apex/snapshots)"
check "the name can come again" mkdir .apex/snapshots/one
check "with what is now" same new "$(cat $one/deep/er/file)"

# ---- watch ----
tail -n +1 -f .apex/watch >"$work/tailed" 2>/dev/null &
tail_pid=$!
wait_until grep -q key "$work/tailed"
echo 1 >watched
rm watched
check "tail -f follows" wait_until grep -q 'del watched$' "$work/tailed"
kill "$tail_pid"
wait "$tail_pid" 2>/dev/null
check "in order" same "put del" "$(sed -n 's/^[0-9]* \(.*\) watched$/\1/p' "$work/tailed" | tr '\n' ' ' | sed 's/ $//')"
check "without zeros" same "$(wc -c <"$work/tailed")" "$(tr -d '\000' <"$work/tailed" | wc -c)"

# ---- a remount ----
cd / || exit 1
unmount_store
mount_store
cd "$mnt" || exit 1
check "a feature survives a remount" same "version 2 enabled on description of it" \
	"$(tr '\n' ' ' <.apex/features/mine | sed 's/ $//')"
check "a snapshot survives a remount" same new "$(cat $one/deep/er/file)"
mine=$(sed -n 's/version //p' .apex/features/mine)
check "a feature can be removed" rm .apex/features/mine
check "and is gone" fails_with "o such file" cat .apex/features/mine
check "made again it has a version that it never had" sh -c \
	"echo on >.apex/features/mine && [ \"\$(sed -n 's/version //p' .apex/features/mine)\" -gt $mine ]"
rm .apex/features/mine

# ---- programs that walk the mount do not meet it ----
check "find" same "" "$(find . -name '.apex*' -o -name '.stats*')"
rm -rf ./* && check "rm -rf leaves it" test -d .apex
if command -v rsync >/dev/null; then
	mkdir "$work/source"
	echo 1 >"$work/source/only"
	check "rsync --delete does not meet it" rsync -a --delete "$work/source/" ./
	check "and leaves it" same "only ok" "$(ls) $(cat .apex/health)"
fi

if command -v git >/dev/null; then
	git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm one
	check "git status does not meet it" same "" "$(git status --short)"
	check "nor git add" same only "$(git ls-files)"
	git clean -dffxq
	rm -rf .git
else
	skip "git" "no git"
fi
check "tar of the whole mount does not meet it" same "./ ./only" \
	"$(tar cf - . | tar tf - | sort | tr '\n' ' ' | sed 's/ $//')"
check "nor does cp -a" cp -a . "$work/copy_of_all"
check "which has the files alone" same "only" "$(ls -A "$work/copy_of_all")"

# ---- of others ----
if [ "$(id -u)" = 0 ] && setpriv --reuid=65534 true 2>/dev/null; then
	cd / || exit 1
	unmount_store
	mount_store -o allow_other,default_permissions
	cd "$mnt" || exit 1
	chmod 755 "$work"
	other() { fails_with "ermission denied" setpriv --reuid=65534 --clear-groups "$@"; }
	check "another user may look at files" setpriv --reuid=65534 --clear-groups cat "$mnt/only"
	for file in health ctl batch error features/read_only config.d/log.level search/prefix/o snapshots; do
		check "EACCES for another user: $file" other cat "$mnt/.apex/$file"
	done
	check "EACCES for another user: a write" other sh -c "echo sync >$mnt/.apex/ctl"
	check "EACCES for another user: a batch" other sh -c "echo k=v >$mnt/.apex/batch"
else
	skip "another user gets EACCES" "not root"
fi

# ---- listed ----
cd / || exit 1
unmount_store
mount_store -o fs.virtual_files=listed
cd "$mnt" || exit 1
check "listed: the root has them" grep -qx '\.apex' <<END
$(ls -a)
END
check "listed: ls -l works" ls -la

# ---- off ----
cd / || exit 1
unmount_store
check "off: mounts" "$apexfs" -o fs.virtual_files=off "$store" "$mnt"
daemon_pid=$(sed -n 's/.*pid=\([0-9]*\) .*/\1/p' "$store/LOCK")
check "off: no control" fails_with "o such file" ls "$mnt/.apex"
check "off: no statistics" fails_with "o such file" cat "$mnt/.stats"
check "off: the names stay reserved" fails_with "not permitted" mkdir "$mnt/.apex"
check "off: the files are there" same 1 "$(cat "$mnt/only")"
check "off: unmounts" unmount_store

# ---- verify_reads, with a damaged table ----
store=$work/damaged
mount_store -o sstable.compression=none
cd "$mnt" || exit 1
echo "needle in the table" >key
echo flush >.apex/ctl
table=$(find "$store" -name '*.sst')
printf N | dd of="$table" bs=1 seek="$(grep -abo needle "$table" | cut -d: -f1)" conv=notrunc 2>/dev/null
read_anew() { echo drop-cache >.apex/ctl && dd if=key iflag=direct bs=4096 status=none; }
check "verify_reads: damage is found" fails_with "nput/output error" read_anew
echo off >.apex/features/verify_reads
check "verify_reads off: it is not looked for" same "Needle in the table" "$(read_anew)"
check "the setting shows it" same off "$(cat .apex/config.d/sstable.verify_reads)"
echo on >.apex/config.d/sstable.verify_reads
check "the setting changes it, too, and its version" same "version 2 enabled on" \
	"$(head -n 2 .apex/features/verify_reads | tr '\n' ' ' | sed 's/ $//')"
check "a version from before is stale" fails_with "tale" \
	sh -c 'echo "version 1 off" | tee .apex/features/verify_reads >/dev/null'
check "the same value is no change" sh -c 'echo yes >.apex/config.d/sstable.verify_reads &&
	grep -qx "version 2" .apex/features/verify_reads'
check "verify_reads on: it is found again" fails_with "nput/output error" read_anew
echo off >.apex/config.d/sstable.verify_reads
echo on >.apex/features/verify_reads
check "the feature wins over an earlier setting" fails_with "nput/output error" read_anew
echo off >.apex/features/verify_reads
cd / || exit 1
unmount_store
mount_store -o sstable.verify_reads=yes
check "what was changed is the store's own" same "version 5 enabled off off" \
	"$(head -n 2 "$mnt/.apex/features/verify_reads" | tr '\n' ' ')$(cat "$mnt/.apex/config.d/sstable.verify_reads")"
unmount_store

finish
