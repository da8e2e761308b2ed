#!/bin/sh
# Bad input: each is a one-line error that names the thing, and nothing is lost or left behind.
. "$(dirname "$0")/lib.sh"

check "an unknown option letter" fails_with "-x" "$apexfs" -x "$store" "$mnt"
check "an unknown word" fails_with "'bogus'" "$apexfs" -o rw,bogus "$store" "$mnt"
check "an unknown setting" fails_with "wal.sync_mode" "$apexfs" -o wal.sync_mod=always "$store" "$mnt"
check "a bad value" fails_with "wal.sync_mode" "$apexfs" -o wal.sync_mode=never "$store" "$mnt"
check "a missing settings file" fails_with "$work/none.ini" "$apexfs" -c "$work/none.ini" "$store" "$mnt"
check "no mount point" fails_with "no STORE is given" "$apexfs" "$store"
check "a store whose parent is missing" fails_with "$work/none" "$apexfs" "$work/none/store" "$mnt"
check "a missing mount point" fails_with "$work/none" "$apexfs" "$store" "$work/none"
touch "$work/file"
check "a mount point that is a file" fails_with "not a folder" "$apexfs" "$store" "$work/file"
mkdir -p "$work/full/something"
check "a mount point that is not empty" fails_with "$work/full: not empty" "$apexfs" "$store" "$work/full"
check "a store in its own mount point" fails_with "overlap" "$apexfs" "$mnt/store" "$mnt"
check "a folder that holds something else" fails_with "$work/full" "$apexfs" "$work/full" "$mnt"
check "that folder is left alone" same something "$(ls -A "$work/full")"
check "no failure made a store" test ! -e "$store"
check "no failure left a mount" test ! -e "$mnt/.stats"
check "help succeeds" "$apexfs" -h
check "help is about the options" sh -c "'$apexfs' -h | grep -q wal.sync_mode"
check "the version succeeds" "$apexfs" -V

mount_store -o store.max_value_size=16m
mkdir "$work/other"
check "a locked store names the holder" fails_with "pid=$daemon_pid" "$apexfs" "$store" "$work/other"
check "the same mount twice names the holder" fails_with "pid=$daemon_pid" "$apexfs" "$store" "$mnt"
check "a mount point in use" fails_with "mounted here already" "$apexfs" "$work/store2" "$mnt"
check "the first mount goes on" same "$daemon_pid" "$(stats_value pid)"

cd "$mnt" || exit 1
echo kept >kept
limit=$((16 * 1024 * 1024))
dd if=/dev/zero of=largest bs=1M count=16 2>/dev/null
check "a value may have 16 MiB" same "$limit" "$(stat -c %s largest)"
one_more() { fails_with "File too large" sh -c 'echo x | cat >>largest'; }
check "a value of 16 MiB and a byte is too large" one_more
check "what was there stays" same "$limit" "$(stat -c %s largest)"
check "truncate beyond the limit" fails_with "File too large" truncate -s $((limit + 1)) kept
check "the value is unchanged" same kept "$(cat kept)"
rm largest
long=$(printf '%0256d' 0)
check "a name of 256 bytes" fails_with "name too long" touch "$long"
check "a folder of 256 bytes" fails_with "name too long" mkdir "$long"
check "a file is no folder" fails_with "Not a directory" touch kept/below
cd / || exit 1
stop_daemon

mount_store -o ro
cd "$mnt" || exit 1
check "a read-only mount reads" same kept "$(cat kept)"
check "a read-only mount does not write" fails_with "Read-only" touch other
cd / || exit 1
stop_daemon

# the byte that splits keys belongs to the store
apexkv=$(find_program apexkv)
split=$work/split
"$apexkv" -o store.separator=: "$split" put user:1 john
check "another separator is refused" fails_with "split by ':' (separator), not by '/'" \
	"$apexfs" -o store.separator=/ "$split" "$mnt"
check "one that no key can be split on is refused" fails_with "store.separator=a: keys cannot be split on" \
	"$apexfs" -o store.separator=a "$work/new" "$mnt"
check "before it is noted" test ! -e "$work/new"
first_store=$store
store=$split
mount_store
check "without a word the store's own holds" same john "$(cat "$mnt/user/1")"
stop_daemon
mount_store -o store.separator=/,store.change_separator=on
check "by force the same key is at another path" same john "$(cat "$mnt/user:1")"
stop_daemon
store=$first_store

for file in CURRENT LOCK; do
	[ -e "$store/$file" ] || echo "# no $file"
done
cp -r "$store" "$work/damaged"
printf 'nonsense\n' >"$work/damaged/CURRENT"
check "a damaged CURRENT is named" fails_with "CURRENT" "$apexfs" "$work/damaged" "$mnt"
mount_store
check "the real store is not harmed" same kept "$(cat "$mnt/kept")"
finish
