#!/bin/sh
# What people do in a shell, on a mount.
. "$(dirname "$0")/lib.sh"

mount_store
cd "$mnt" || exit 1

echo hello >greeting
check "echo makes a file that cat shows" same hello "$(cat greeting)"
echo hi >greeting
check "a shorter value leaves nothing of a longer one" same hi "$(cat greeting)"
echo there >>greeting
check "append goes to the end" same "hi there" "$(cat greeting | tr '\n' ' ' | sed 's/ $//')"
: >empty
check "an empty file is empty" same "0" "$(stat -c %s empty)"

mkdir -p a/b/c
check "mkdir -p makes all folders" test -d a/b/c
mkdir_twice() { fails_with "File exists" mkdir a; }
check "a folder is made once" mkdir_twice
echo 1 >a/b/one
echo 2 >a/b/c/two
check "find walks the tree" same "a a/b a/b/c a/b/c/two a/b/one" \
	"$(find a | sort | tr '\n' ' ' | sed 's/ $//')"
check "ls lists in order, and no virtual file" same "a empty greeting" \
	"$(ls -A | tr '\n' ' ' | sed 's/ $//')"
check "ls -l shows sizes" same "2" "$(ls -l a/b/one | awk '{ print $5 }')"

cp greeting copy
check "cp copies" cmp greeting copy
mv copy moved
gone() { ! test -e "$1"; }
check "mv leaves nothing behind" gone copy
check "mv moves" cmp greeting moved
echo other >target
mv moved target
check "mv replaces" cmp greeting target
mv -n empty target
check "mv -n replaces nothing" cmp greeting target
mv -T a/b/c renamed
check "a folder moves with what is in it" same 2 "$(cat renamed/two)"

rmdir_full() { fails_with "not empty" rmdir a; }
check "rmdir keeps a folder that is not empty" rmdir_full
rm a/b/one
check "a folder outlives its last file" test -d a/b
rmdir a/b
check "rmdir removes an empty folder" gone a/b
rm -r renamed
check "rm -r removes a tree" gone renamed
rm target
check "rm removes" gone target
absent() { fails_with "No such file" cat target; }
check "what was removed cannot be read" absent

printf 0123456789 >digits
truncate -s 4 digits
check "truncate cuts" same 0123 "$(cat digits)"
truncate -s 6 digits
check "truncate fills with zeros" same "30 31 32 33 00 00" "$(od -An -tx1 digits | sed 's/^ //')"
printf xy | dd of=digits bs=1 seek=1 conv=notrunc 2>/dev/null
check "dd writes in the middle" same "30 78 79 33 00 00" "$(od -An -tx1 digits | sed 's/^ //')"
printf z | dd of=sparse bs=1 seek=100000 2>/dev/null
check "a write behind the end fills with zeros" same "100001" "$(stat -c %s sparse)"
check "and only with zeros" same 1 "$(tr -d '\000' <sparse | wc -c)"

touch -d '2001-02-03 04:05:06.789 UTC' dated
check "touch -d sets the time" same "2001-02-03 04:05:06.789000000 +0000" \
	"$(TZ=UTC stat -c %y dated)"
chmod 4751 dated
check "chmod sets the mode" same 4751 "$(stat -c %a dated)"
chmod 700 a
check "chmod sets a folder's mode" same 700 "$(stat -c %a a)"
(umask 077 && echo secret >private && mkdir hidden)
check "the umask counts for files" same 600 "$(stat -c %a private)"
check "the umask counts for folders" same 700 "$(stat -c %a hidden)"
ordinary="$(stat -c '%a %U' greeting)"
check "an ordinary file has the usual mode and owner" same "644 $(id -un)" "$ordinary"

head -c 3000000 /dev/urandom >"$work/random"
dd if="$work/random" of=random bs=64k 2>/dev/null
check "3 MB come back as they were" cmp "$work/random" random
check "dd reads from the middle" same \
	"$(dd if="$work/random" bs=1000 skip=1500 count=3 2>/dev/null | cksum)" \
	"$(dd if=random bs=1000 skip=1500 count=3 2>/dev/null | cksum)"
dd if="$work/random" of=synced bs=100k count=1 conv=fsync 2>/dev/null
check "conv=fsync succeeds" same 102400 "$(stat -c %s synced)"
check "sync of a folder succeeds" sync .

name_with_blanks=' a  b%2F*?
c '
echo odd >"$name_with_blanks"
check "any name will do" same odd "$(cat "$name_with_blanks")"
rm "$name_with_blanks"
long=$(printf '%0255d' 0)
echo long >"$long"
check "a name may have 255 bytes" same long "$(cat "$long")"
rm "$long"

mkdir -p e/%/%
check "a folder below an empty name is empty" same "" "$(ls -A e/%/%)"
check "and is removed" rm -r e
mkdir listed
exec 5<listed
echo 1 >listed/one
check "a folder opened before a change shows the change" same one "$(ls "/proc/$$/fd/5")"
check "and so it does to all others" same one "$(ls listed)"
exec 5<&-
rm -r listed

check "hard links are refused" fails_with "not permitted" ln greeting link
ln -s greeting link
check "a symbolic link has its target" same greeting "$(readlink link)"
check "and leads to it" cmp greeting link
check "and is listed as a link" same "link" "$(find . -type l -printf '%f')"
check "a link is not made twice" fails_with "File exists" ln -s greeting link
mv link moved
check "a link is renamed" same greeting "$(readlink moved)"
rm moved
check "a link is removed, its target is not" cat greeting

mkfifo pipe
check "a FIFO is listed as one" same pipe "$(find . -type p -printf '%f')"
echo through >pipe &
check "what is written into it comes out" same through "$(timeout 10 cat pipe)"
wait
check "it stays empty" same 0 "$(stat -c %s pipe)"
chmod 600 pipe
touch -d '2001-02-03 04:05:06 UTC' pipe
mv pipe renamed_pipe
check "it is changed and renamed as a file" same "fifo 600 981173106" "$(stat -c '%F %a %Y' renamed_pipe)"
check "device nodes are refused" fails_with "not permitted" mknod null c 1 3
if command -v python3 >/dev/null; then
	python3 - <<-'EOF' >"$work/said" 2>&1
		import socket
		server = socket.socket(socket.AF_UNIX)
		server.bind("socket")
		server.listen()
		client = socket.socket(socket.AF_UNIX)
		client.connect("socket")
		client.sendall(b"hello")
		client.close()
		print(server.accept()[0].recv(100).decode())
	EOF
	check "a socket is bound and found" same hello "$(cat "$work/said")"
	check "and listed as one" same socket "$(find . -type s -printf '%f')"
	rm socket
	check "and removed" gone socket
else
	skip "a socket is bound and found" "no python3"
fi

i=0
mkdir many
while [ "$i" -lt 1000 ]; do
	echo "$i" >"many/file$i"
	i=$((i + 1))
done
check "a thousand files are listed" same 1000 "$(ls many | wc -l)"
check "a thousand files are listed with their sizes" same 3890 \
	"$(ls -l many | awk 'NR > 1 { sum += $5 } END { print sum + 0 }')"
check "a thousand files have their values" same 499500 \
	"$(cat many/* | awk '{ sum += $1 } END { print sum }')"
rm -r many
check "a thousand files are removed" gone many

check "df shows the space of the disk" test "$(df -P . | awk 'NR == 2 { print $2 }')" -gt 0

before=$(ls -lR --time-style=full-iso | sed '/^total/d')
sums=$(find . -type f -exec cksum {} + | sort)
cd / || exit 1
remount
cd "$mnt" || exit 1
check "a remount shows the same modes, sizes and times" same "$before" \
	"$(ls -lR --time-style=full-iso | sed '/^total/d')"
check "a remount shows the same contents" same "$sums" \
	"$(find . -type f -exec cksum {} + | sort)"

cd / || exit 1
finish
