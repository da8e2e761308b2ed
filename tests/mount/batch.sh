#!/bin/sh
# .apex/batch: changes of many keys, seen at once by everyone, whole or not at all.
# usage: batch.sh BUILD_FOLDER [ROUNDS]: so many kills of the daemon (20).
. "$(dirname "$0")/lib.sh"
rounds=${2:-20}

mount_store
cd "$mnt" || exit 1
tab=$(printf '\t')
reason() { sed -n '1s/ (pid.*//p' .apex/error; }
batch() { cat >"$work/batch" && cp "$work/batch" .apex/batch; }
refused() { cat >"$work/batch" && ! cat "$work/batch" 2>/dev/null >.apex/batch; }

# ---- lines ----
check "both forms" batch <<END
# a comment

user/1=Ada
put${tab}a\\tb${tab}x\\ny
del${tab}nothing
equals=a=b
END
check "key=value" same Ada "$(cat user/1)"
check "escapes" same "x
y" "$(cat "a${tab}b")"
check "the value may have an equals sign" same "a=b" "$(cat equals)"
check "what was imported" same "lines 6" "$(grep ^lines .apex/batch)"

check "a line that is none" refused <<END
user/2=Bob
user/3=Cid
nonsense
user/4=Dan
END
check "is named" same "EINVAL batch: line 3: neither key=value, nor put or del with tabs" "$(reason)"
check "and nothing is applied" same 1 "$(ls user)"
check "a bad escape" refused <<END
put${tab}k${tab}\\q
END
check "no key" refused <<END
=v
END
check "del with a value" refused <<END
del${tab}k${tab}v
END
cut() { ! printf 'k=v' >.apex/batch 2>/dev/null; }
check "no line feed at the end" cut
check "nothing of these is applied" test ! -e k

# ---- writes that the kernel cuts at its pages ----
lines_in() { sed -n 's/^last_lines //p' .apex/batch; }
seq -f "loop/%.0f=some value" 1000 >"$work/lines"
one_by_one() { while read -r line; do echo "$line"; done <"$work/lines" >.apex/batch; }
check "a loop of echoes" one_by_one
check "all of its lines" same 1000 "$(lines_in)"
check "are there" same "1000 some value" "$(ls loop | wc -l) $(cat loop/235)"
in_blocks() { dd if="$work/lines" of=.apex/batch bs="$1" 2>/dev/null && same 1000 "$(lines_in)"; }
check "blocks of an odd size" in_blocks 5000
check "and of another" in_blocks 4097
check "and of a long one" in_blocks 20001
rm -r loop

# ---- what the kernel remembers ----
absent() { ! cat "$1" 2>/dev/null; }
check "a name that is absent" absent new
check "a folder that is absent" absent folder/file
echo new=1 >.apex/batch
check "then is there" same 1 "$(cat new)"
echo folder/file=1 >.apex/batch
check "and the folder" same 1 "$(cat folder/file)"
ls >/dev/null
echo listed=1 >.apex/batch
listing_has() { ls >"$work/names" && grep -qx "$1" "$work/names"; }
check "a listing has it" listing_has listed
echo "short=v" >.apex/batch
check "content" same v "$(cat short)"
echo "short=a longer value" >.apex/batch
check "is replaced, with its size" same "a longer value 14" "$(cat short) $(stat -c %s short)"
chmod 600 short
echo "short=w" >.apex/batch
check "the mode stays" same 600 "$(stat -c %a short)"
exec 5<short
printf 'del\tshort\n' >.apex/batch
check "a file that is deleted is gone" absent short
check "who has it open reads on" same w "$(cat <&5)"
exec 5<&-
printf 'del\tfolder/file\n' >.apex/batch
check "a folder without keys is gone" test ! -e folder
echo "new/below=2" >.apex/batch
check "a file becomes a folder" same 2 "$(cat new/below)"
check "its value is %=" same 1 "$(cat new/%=)"
printf 'del\tnew/below\n' >.apex/batch
check "and a file again" same 1 "$(cat new)"
mkdir empty
echo "empty=own" >.apex/batch
check "a folder's own value" same own "$(cat empty/%=)"
(cd user && echo "user/9=9" >../.apex/batch && test "$(cat 9)" = 9)
check "seen from within the folder" same 9 "$(cat user/9)"

# ---- long ones ----
seq -f 'many/%.0f=value' 100000 >"$work/many"
check "stage" cp "$work/many" .apex/batch.d/many
check "the staged one can be read" cmp "$work/many" .apex/batch.d/many
check "nothing is applied yet" test ! -e many
check "rename applies it" mv .apex/batch.d/many .apex/batch
check "all of it" same 100000 "$(cat .apex/count/prefix/many%2F)"
check "the staged one is gone" same "" "$(ls .apex/batch.d)"
{
	seq -f 'bad/%.0f=value' 50000
	echo nonsense
} >"$work/bad"
cp "$work/bad" .apex/batch.d/bad
check "one with a bad line is refused" fails_with "ad message" mv .apex/batch.d/bad .apex/batch
check "which is named" same 1 "$(reason | grep -c 'line 50001')"
check "nothing of it is there" same 0 "$(cat .apex/count/prefix/bad)"
check "it is still staged" cmp "$work/bad" .apex/batch.d/bad
check "and can be removed" rm .apex/batch.d/bad
seq -f 'stream/%.0f=value' 300000 >"$work/stream"
check "a long import streams" cp "$work/stream" .apex/batch
check "all of it" same 300000 "$(cat .apex/count/prefix/stream%2F)"
check "and says how far it came" same "last_lines 300000" "$(grep ^last_lines .apex/batch)"
check "through a pipe" sh -c 'sed s/^stream/pipe/ "$1" | cat >.apex/batch' sh "$work/stream"
check "all of it" same 300000 "$(cat .apex/count/prefix/pipe%2F)"
sed s/^stream/cut/ "$work/stream" | head -c -2 >"$work/cut"
check "the last block of an import, a long one, ends in a line" cp "$work/cut" .apex/batch
check "which is told of" grep -q '^cut_bytes [1-9]' .apex/batch
check "and has its reason when the kernel lets go" wait_until grep -q 'line 300000 never ended' .apex/error
check "the other lines are applied" same 299999 "$(cat .apex/count/prefix/cut%2F)"
echo "moved=1" >"$work/moved"
check "mv from another file system" mv "$work/moved" .apex/batch
check "applies it" same 1 "$(cat moved)"
echo "moved=2" >within
check "mv from within the mount" mv within .apex/batch
check "applies it and removes it" same "2 gone" "$(cat moved) $(test -e within || echo gone)"

# ---- several at once ----
write_own() {
	i=0
	while [ "$i" -lt 50 ]; do
		seq -f "side/$1/$i/%.0f=x" 200 | dd of=.apex/batch bs=64k iflag=fullblock 2>/dev/null
		i=$((i + 1))
	done
}
for writer in 1 2 3 4; do write_own "$writer" & done
wait
check "four writers at once" same 40000 "$(cat .apex/count/prefix/side%2F)"

# ---- who looks on meanwhile ----
# What a listing with attributes was answered before the batch is not what is remembered after it.
cat >"$work/look_on.py" <<'END'
import os, threading
def batch(folder, value):
    text = "".join("%s/%d=%s\n" % (folder, i, value) for i in range(60)).encode()
    fd = os.open(".apex/batch", os.O_WRONLY)
    os.write(fd, text)
    os.close(fd)
def look(folder):
    return [entry.stat().st_size for entry in os.scandir(folder)]
stale = 0
for i in range(100):
    folder = "looked%d" % i
    go = threading.Event()
    looker = threading.Thread(target=lambda: go.wait() and look(folder))
    batch(folder, "x")
    looker.start()
    go.set()
    batch(folder, "longer")
    looker.join()
    stale += sum(os.stat("%s/%d" % (folder, j)).st_size != 6 for j in range(60))
print(stale)
END
if command -v python3 >/dev/null; then
	check "nobody remembers what was before" same 0 "$(python3 "$work/look_on.py")"
else
	skip "nobody remembers what was before" "no python3"
fi

# ---- two writers of one feature ----
cat >"$work/writer.py" <<'END'
import errno, os, sys
path, attempts, won = sys.argv[1], int(sys.argv[2]), 0
for _ in range(attempts):
    with open(path) as f:
        seen = dict(line.rstrip("\n").split(" ", 1) for line in f)
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, b"version %d\ndescription %d\n" % (int(seen["version"]), int(seen["description"] or 0) + 1))
        won += 1
    except OSError as e:
        if e.errno != errno.ESTALE:
            raise
    os.close(fd)
print(won)
END
if command -v python3 >/dev/null; then
	echo off >.apex/features/counted
	python3 "$work/writer.py" .apex/features/counted 5000 >"$work/won1" &
	python3 "$work/writer.py" .apex/features/counted 5000 >"$work/won2"
	wait
	check "10 000 attempts of two writers: no lost update" \
		same "description $(($(cat "$work/won1") + $(cat "$work/won2")))" \
		"$(grep ^description .apex/features/counted)"
else
	skip "two writers of one feature" "no python3"
fi

# ---- stopped meanwhile ----
# A name in a folder that others are looking for names in is told under that folder's lock.
cat >"$work/both.py" <<'END'
import os, sys, threading
def until_the_end(round):
    i = 0
    try:
        while True:
            i += 1
            round(i)
    except OSError:
        pass
def batch(i):
    fd = os.open(".apex/batch", os.O_WRONLY)
    os.write(fd, b"both/%d=x\n" % i)
    os.close(fd)
    if i == 20:
        open(sys.argv[1], "w").close()
def look(i):
    try:
        os.stat("both/missing%d" % i)
    except FileNotFoundError:
        pass
os.mkdir("both")
for round in batch, look, look, look:
    threading.Thread(target=until_the_end, args=(round,)).start()
END
stop_is_dead() {
	wait_until is_dead "$daemon_pid" && return
	umount -f "$mnt" # the daemon and its clients wait for each other, and cannot be killed
	return 1
}
if command -v python3 >/dev/null; then
	for round in 1 2 3; do
		rm -f "$work/begun"
		python3 "$work/both.py" "$work/begun" &
		wait_until test -e "$work/begun"
		kill -TERM "$daemon_pid"
		check "SIGTERM ends the daemon while batches come" stop_is_dead
		wait
		cd / || exit 1
		mount_store
		cd "$mnt" || exit 1
		rm -r both
	done
else
	skip "SIGTERM ends the daemon while batches come" "no python3"
fi

# ---- all or nothing when the daemon is killed ----
halves=0
whole=0
round=0
while [ "$round" -lt "$rounds" ]; do
	seq -f "kill$round/%.0f=value" 100000 >"$work/many"
	cp "$work/many" .apex/batch.d/many
	mv .apex/batch.d/many .apex/batch 2>/dev/null &
	sleep "0.$(($(date +%N | sed 's/^0*//; s/....$//') % 30 + 10))"
	kill -KILL "$daemon_pid"
	wait_until is_dead "$daemon_pid"
	wait
	cd / || exit 1
	detach
	mount_store
	cd "$mnt" || exit 1
	case $(cat ".apex/count/prefix/kill$round%2F") in
	0) ;;
	100000) whole=$((whole + 1)) ;;
	*) halves=$((halves + 1)) ;;
	esac
	round=$((round + 1))
done
echo "# $rounds kills: $whole batches were applied"
check "a batch is there as a whole or not at all" same 0 "$halves"

# ---- how long one may be ----
cd / || exit 1
remount -o batch.max_bytes=64k
cd "$mnt" || exit 1
seq -f 'fits/%.0f=xxxxxxxx' 100000 | head -c 65536 | sed '$d' >"$work/fits"
seq -f 'over/%.0f=xxxxxxxx' 100000 | head -c 65537 >"$work/over"
check "batch.max_bytes: one that fits" cp "$work/fits" .apex/batch.d/fits
check "is applied" mv .apex/batch.d/fits .apex/batch
check "as a whole" same "$(wc -l <"$work/fits")" "$(cat .apex/count/prefix/fits%2F)"
check "one that is longer is refused while it is staged" fails_with "too large" \
	cp "$work/over" .apex/batch.d/over
check "with the reason" same "EFBIG over: a batch has at most 65536 bytes (batch.max_bytes)" "$(reason)"
check "so is one that is made longer" fails_with "too large" truncate -s 65537 .apex/batch.d/over
rm -f .apex/batch.d/over
check "nothing of it is applied" same 0 "$(cat .apex/count/prefix/over)"
{
	printf over=
	head -c 70000 /dev/zero | tr '\0' x
} >"$work/long_line"
long_line() { cat "$work/long_line" "$1" | fails_with "Argument list too long" dd of=.apex/batch bs=32k iflag=fullblock status=none; }
check "a longer line of an import is refused" long_line /dev/null
check "with the reason" same "E2BIG batch: line 1: longer than 65536 bytes" "$(reason)"
check "nothing of it is applied" test ! -e over
for i in 1 2 3 4; do head -c 65536 /dev/zero >".apex/batch.d/$i"; done
check "all that is staged has four times the room" fails_with "o space left" \
	sh -c 'echo k=v | tee .apex/batch.d/5 >/dev/null'
check "which is there again when one is removed" sh -c 'rm .apex/batch.d/1 && echo k=v >.apex/batch.d/5'

cd / || exit 1
finish
