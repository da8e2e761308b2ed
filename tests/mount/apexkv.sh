#!/bin/sh
# apexkv on a store that is mounted: readers read beside the daemon, others are told where it is.
. "$(dirname "$0")/lib.sh"

apexkv=$(find_program apexkv) || exit 1
mnt="$work/it's mounted"
mkdir "$mnt"
mount_store
printf 'from a file' >"$work/value"
mkdir "$mnt/user"
printf Ada >"$mnt/user/1"
sync "$mnt/user/1"

# refused TEXT ARGUMENTS...: status 3, one line that names mount and daemon and has the text
refused() {
	text=$1
	shift
	fails_with "is mounted on $mnt by apexfs, pid $daemon_pid; $text" "$apexkv" "$store" "$@" </dev/null || return
	"$apexkv" "$store" "$@" 2>/dev/null </dev/null
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
session_tells() {
	printf 'put k v\n' | "$apexkv" "$store" repl 2>"$work/said"
	same 3 $? && grep -qF "is mounted on $mnt by apexfs, pid $daemon_pid; instead: printf %s VALUE > " "$work/said"
}
check "a session says what to type, too" session_tells
check "a session reads" sh -c "echo get user/1 | '$apexkv' '$store' repl 2>/dev/null | grep -qx Ada"

# ---- what to type instead, and that it does what it says, pasted into a shell
quoted="'$(printf %s "$mnt" | sed "s/'/'\\\\''/g")"
cd "$work" || exit 1
# told LINE ARGUMENTS...: refused, and that line is to be typed; it is typed, with $value for VALUE
value=v
told() {
	line=$1
	shift
	"$apexkv" "$store" "$@" </dev/null >"$work/said" 2>&1
	[ $? -eq 3 ] || { echo "status $?"; return 1; }
	cat "$work/said"
	same "apexkv: $store: is mounted on $mnt by apexfs, pid $daemon_pid; instead: $line" "$(cat "$work/said")" &&
		(cd "$work" && PATH=${apexkv%/*}:$PATH sh -c "$(sed "s/.*; instead: //; s/VALUE/$value/" "$work/said")")
}
# holds KEY VALUE: the store does
holds() { same "$2" "$("$apexkv" "$store" get --line --escape "$1")"; }

check "put says where the store is, and what to type" told "printf %s VALUE > $quoted/a'" put a v
check "which puts" holds a v
check "what has blanks and quotes is quoted" told "printf %s VALUE > $quoted/b '\\''c'" put "b 'c" v
check "and is put as it was meant" holds "b 'c" v
check "folders that are missing are made" told "mkdir -p $quoted/x/y' && printf %s VALUE > $quoted/x/y/z'" put x/y/z v
check "with what is in them" holds x/y/z v
check "those that are there are not" told "printf %s VALUE > $quoted/x/y/w'" put x/y/w v
check "a value from a file" told "cat value > $quoted/file'" put --file value file
check "from standard input" told "cat > $quoted/none'" put none
check "a key that is a folder" told "printf '%b\\n' 'put\\tx\\tVALUE' > $quoted/.apex/batch'" put x v
check "is put beside it" holds x v
check "a key below a file" told "printf '%b\\n' 'put\\ta/b\\tVALUE' > $quoted/.apex/batch'" put a/b v
check "is put, too" holds a/b v
check "bytes that do not print" told "printf '%b\\n' 'put\\t\\\\x00\\\\xff'\\''\\tVALUE' > $quoted/.apex/batch'" put --hex 00ff27 76
check "come as they are" holds "\\x00\\xff'" v
for key in 'a//b' '/a' 'a/' .stats a%2Fb '~x' ..; do
	check "a key that is no plain path: $key" told "printf '%b\\n' 'put\\t$key\\tVALUE' > $quoted/.apex/batch'" put "$key" v
	check "is put" holds "$key" v
done
check "delete" told "rm $quoted/x/y/z'" delete x/y/z
check "deletes" fails_with 'not found' "$apexkv" "$store" get x/y/z
check "delete of another key" told "printf '%b\\n' 'del\\ta//b' > $quoted/.apex/batch'" delete a//b
check "deletes, too" fails_with 'not found' "$apexkv" "$store" get a//b
check "flush" told "echo flush > $quoted/.apex/ctl'" flush
check "compact" told "echo compact > $quoted/.apex/ctl'" compact
mkdir "$work/to"
cd "$work/to" || exit 1
check "checkpoint to a place here" refused "instead: echo 'checkpoint $work/to/copy 1' > " checkpoint 'copy 1'
cd "$work" || exit 1
check "checkpoint to a place there" told "echo 'checkpoint $work/to/copy' > $quoted/.apex/ctl'" checkpoint "$work/to/copy"
check "makes it" same v "$("$apexkv" "$work/to/copy" get a)"
printf '# no\nput "k 1" "a\\tb"\ndel b\\x20c\n\nset k2 %s\n' "''" >"$work/changes"
check "batch" told "apexkv convert --changes changes > $quoted/.apex/batch.d/changes' && mv $quoted/.apex/batch.d/changes' $quoted/.apex/batch'" batch changes
check "puts" holds 'k 1' 'a\tb'
check "deletes what it says" fails_with 'not found' "$apexkv" "$store" get 'b c'
check "a batch to try with wants it unmounted" refused "first: umount $quoted'" batch 5
printf '# no\ni\\x3d1=a=b\n\ni2=\\x00\n' >"$work/lines"
printf '# no\ttab\\n\n' >"$work/i.tsv"
printf '{"key":"i3","value":"\\u00e9"}\n{"key_hex":"ff","value":"x","meta_hex":"00"}\n' >"$work/i.json"
printf 'i4\0\\0\\\\\n\0' >"$work/i.nul"
check "import of key=value" told "apexkv convert lines > $quoted/.apex/batch'" import lines
check "has its escapes" holds 'i=1' 'a=b'
check "all of them" holds i2 '\x00'
check "import of tabs" told "apexkv convert i.tsv > $quoted/.apex/batch'" import i.tsv
check "puts what begins with #" holds '# no' 'tab\n'
check "import of JSON" told "apexkv convert --format json i.json > $quoted/.apex/batch'" import i.json --format json
check "puts text and bytes" holds i3 '\xc3\xa9'
check "all records" holds '\xff' x
check "import of NULs" told "apexkv convert i.nul > $quoted/.apex/batch'" import i.nul
check "puts theirs" holds i4 '\x00\\\n'
check "import of standard input" refused "instead: apexkv convert - > " import
python3 - >"$work/many" <<'END'
for i in range(50000):
    print(f"many/{i:06}=value {i}" + "\\n" * (i % 7))
END
check "a long import" told "apexkv convert many > $quoted/.apex/batch'" import many
check "comes whole" same 50000 "$("$apexkv" "$store" count --prefix many/)"
check "convert tells of a bad line" fails_with 'bad:2: there is no = in the line' sh -c "cd '$work' && printf 'a=b\nc\n' >bad && '$apexkv' convert bad >/dev/null"

# ---- the mount is no store
mkdir "$mnt/sub"
# no_store PATH...: refused, with what to type
no_store() {
	place=$1
	shift
	fails_with "apexkv: $place: is in the mount of $store; STORE is the folder that is mounted: apexkv $store $1 ..." "$apexkv" "$place" "$@" </dev/null || return
	"$apexkv" "$place" "$@" 2>/dev/null </dev/null
	[ $? -eq 3 ]
}
for place in "$mnt" "$mnt/" "$mnt/sub" "$mnt/new" "$mnt/sub/../new"; do
	check "put to $place is refused" no_store "$place" put a b
	check "get, too" no_store "$place" get a
	check "a session, too" no_store "$place" repl
	check "load, too" no_store "$place" load --sorted /dev/null
done
check "and no store is made" sh -c "! ls -A \"$mnt\" \"$mnt/sub\" | grep -e LOCK -e CURRENT -e MANIFEST"
check "a store that somebody keeps in a mount is one" sh -c 'cp -r "$1" "$2/kept" && [ "$("$3" "$2/kept" get a)" = v ]' - "$work/to/copy" "$mnt" "$apexkv"
check "what a mount cannot do wants it unmounted" refused "first: umount $quoted'" salvage "$work/to"
check "top shows the mount" sh -c '"$1" top "$2" </dev/null | grep -qF "apexkv top $2   health ok"' - "$apexkv" "$mnt"
check "top of the store tells the mount" fails_with "apexkv: $store: is a store and no mount; instead: apexkv top $quoted'" "$apexkv" top "$store"
stop_daemon
check "unmounted, put works" "$apexkv" "$store" put user/1 Grace
mount_store
check "and the mount shows it" same Grace "$(cat "$mnt/user/1")"
stop_daemon

# ---- keys split elsewhere
store=$work/colons
mount_store -o store.separator=:
check "with another separator" told "mkdir -p $quoted/user' && printf %s VALUE > $quoted/user/1'" put user:1 v
check "put finds its path" holds user:1 v
check "a slash is no part of one" told "printf '%b\\n' 'put\\ta/b\\tVALUE' > $quoted/.apex/batch'" put a/b v
check "it is put" holds a/b v
stop_daemon

# ---- a mount whose path is too long for the line that the daemon leaves
long=$work/$(printf 'long%.0s' $(seq 60))
store=$work/store
mkdir "$long"
mnt=$long
mount_store
check "a long path is told whole" refused "instead: echo flush > $long/.apex/ctl" flush
stop_daemon
finish
