#!/bin/sh
# Files of many megabytes: what is done to one on the mount is done to one beside it, and compared.
. "$(dirname "$0")/lib.sh"

plain=$work/plain
mkdir "$plain"
head -c 67108864 /dev/urandom >"$work/source"
export work

mount_store

# both COMMAND: run it in the mount and in a plain folder
both() {
	(cd "$plain" && sh -c "$1") && (cd "$mnt" && sh -c "$1")
}

# both_same COMMAND FILE: and FILE is the same in the two
both_same() {
	both "$1" && cmp "$plain/$2" "$mnt/$2"
}

# Bytes that went into the log and the blob files.
written() {
	echo $(($(stats_value log_written_bytes) + $(stats_value blob_written_bytes)))
}

# writes_little COMMAND...: it costs log records, not the file
writes_little() {
	before=$(written)
	"$@" || return 1
	at_most 1000000 $(($(written) - before))
}

# As far as the kernel reads ahead in the mount: root's to say.
read_ahead_kb() {
	cat "/sys/class/bdi/$(mountpoint -d "$mnt")/read_ahead_kb"
}
if [ "$(id -u)" = 0 ]; then
	check "the kernel reads half a megabyte ahead" same 512 "$(read_ahead_kb)"
	remount -o fuse.max_readahead=64k
	check "or as far as the option says" same 64 "$(read_ahead_kb)"
	remount
else
	skip "the kernel reads half a megabyte ahead" "only root may say how far"
fi

cp "$work/source" "$mnt/big"
kill_daemon
detach
mount_store
check "what cp wrote outlives kill -9 right after it" cmp "$work/source" "$mnt/big"
cp "$work/source" "$plain/big"

check "an append" both_same 'head -c 1234567 "$work/source" >>big' big
check "lines are appended" both_same 'for i in 1 2 3 4 5; do echo "line $i" >>big; done' big
check "a line writes a line" writes_little sh -c "echo one more >>'$mnt/big'"
echo one more >>"$plain/big"
for bs in 1 511 4095 4097 65537 1000003; do
	check "dd of blocks of $bs into the middle" both_same \
		"dd if=\"\$work/source\" of=big bs=$bs seek=23 skip=3 count=19 conv=notrunc 2>/dev/null" big
done
check "dd over the end" both_same \
	'dd if="$work/source" of=big bs=1000 seek=68000 count=2000 conv=notrunc 2>/dev/null' big
check "dd reads odd blocks" same \
	"$(dd if="$plain/big" bs=10007 skip=1234 count=321 2>/dev/null | cksum)" \
	"$(dd if="$mnt/big" bs=10007 skip=1234 count=321 2>/dev/null | cksum)"

check "truncate fills with zeros" both_same 'truncate -s 100000000 big' big
check "truncate cuts" both_same 'truncate -s 33333333 big' big
check "what was cut off does not come back" both_same 'truncate -s 50000000 big' big
check "a hole" both_same \
	'echo end | dd of=sparse bs=1000000 seek=40 2>/dev/null' sparse
check "a write into the hole" both_same \
	'echo middle | dd of=sparse bs=1000000 seek=20 conv=notrunc 2>/dev/null' sparse
check "truncate writes little" writes_little truncate -s 60g "$mnt/huge"
check "60 GiB of a file" same $((60 << 30)) "$(stat -c %s "$mnt/huge")"
check "its end is zeros" same 0 "$(tail -c 1000000 "$mnt/huge" | tr -d '\000' | wc -c)"
rm "$mnt/huge"
check "chmod writes little" writes_little chmod 600 "$mnt/big"
check "touch writes little" writes_little touch -d 2001-02-03 "$mnt/big"
check "mv writes little" writes_little mv "$mnt/big" "$mnt/moved"
mv "$plain/big" "$plain/moved"
check "what was moved is the same" cmp "$plain/moved" "$mnt/moved"
check "and keeps its time" same 2001-02-03 "$(stat -c %y "$mnt/moved" | cut -d ' ' -f 1)"

# Space for a file, and holes in it. both_same compares them by what they read.
check "fallocate makes a file longer" both_same 'fallocate -l 40000000 holes' holes
check "and leaves a longer one alone" both_same 'fallocate -l 100 holes' holes
check "or keeps the size" both_same 'fallocate -n -o 50000000 -l 1000 holes' holes
cp "$work/source" "$mnt/holes"
cp "$work/source" "$plain/holes"
check "a hole is punched" both_same 'fallocate -p -o 1000001 -l 33333333 holes' holes
punch() { fallocate -p -o 40000000 -l 20000000 "$mnt/holes"; }
check "without writing it" writes_little punch
fallocate -p -o 40000000 -l 20000000 "$plain/holes"
check "a range is zeroed" both_same 'fallocate -z -o 65000000 -l 5000000 holes' holes
check "or within the size" both_same 'fallocate -z -n -o 69000000 -l 5000000 holes' holes
check "it reads the same after all that" cmp "$plain/holes" "$mnt/holes"
# where data begins and ends, as a program sees it
holes_of() {
	python3 -c '
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
at, size = 0, os.fstat(fd).st_size
while at < size:
    try:
        at = os.lseek(fd, at, os.SEEK_DATA)
    except OSError as e:
        print(e.errno == 6 and "end")
        break
    end = os.lseek(fd, at, os.SEEK_HOLE)
    print(at, end, end=" ")
    at = end' "$1"
}
if command -v python3 >/dev/null; then
	check "holes are found" same "0 1000001 34333334 40000000 60000000 65000000 end" \
		"$(holes_of "$mnt/holes")"
	cp --sparse=always "$mnt/holes" "$mnt/holes2"
	check "cp --sparse makes some again" test "$(holes_of "$mnt/holes2" | wc -w)" -ge 5
	check "and the same file" cmp "$mnt/holes" "$mnt/holes2"
	rm "$mnt/holes2"
	truncate -s 50m "$work/sparse" && echo end >>"$work/sparse"
	tar -C "$work" -Scf "$work/sparse.tar" sparse && tar -C "$mnt" -xf "$work/sparse.tar" sparse
	check "tar brings holes with it" cmp "$work/sparse" "$mnt/sparse"
	check "and they are holes" same "52428800 52428804 " "$(holes_of "$mnt/sparse")"
	check "a file that is all data has no hole" same "0 67108864 " \
		"$(cp "$work/source" "$mnt/data" && holes_of "$mnt/data")"
	rm "$mnt/data" "$work/sparse" "$work/sparse.tar" "$mnt/sparse"
else
	skip "holes are found" "no python3"
fi
check "what is not offered is refused" fails_with "not supported" \
	fallocate -c -o 0 -l 4096 "$mnt/holes"
check "a file cannot be made too long" fails_with "File too large" fallocate -l 65g "$mnt/holes"
rm "$mnt/holes" "$plain/holes"

# Whether cp asks for it is up to cp.
copies=$(stats_value fuse_copy_file_range)
before=$(written)
cp "$mnt/moved" "$mnt/copy"
after=$(written)
check "a copy within the mount" cmp "$plain/moved" "$mnt/copy"
if [ "$(stats_value fuse_copy_file_range)" -gt "$copies" ]; then
	check "is made without writing the bytes" at_most 1048576 $((after - before))
else
	skip "is made without writing the bytes" "cp does not use copy_file_range"
fi
echo changed | dd of="$mnt/copy" bs=1000 seek=12345 conv=notrunc 2>/dev/null
check "the copy is one of its own" cmp "$plain/moved" "$mnt/moved"
cp "$mnt/.stats" "$mnt/stats" 2>/dev/null
check "a virtual file is copied as well" grep -q '^fuse_requests ' "$mnt/stats"
cp "$work/source" "$mnt/new" && cp "$mnt/new" "$mnt/moved" && cp "$work/source" "$plain/moved"
check "a copy over a file" cmp "$work/source" "$mnt/moved"
rm "$mnt/new"
check "outlives the file it was made of" cmp "$work/source" "$mnt/moved"

# A file may be written from pages of any kind.
written_by() {
	python3 -c "
import mmap, os, sys
source = os.open(sys.argv[1], os.O_RDONLY)
size = os.fstat(source).st_size
target = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_EXCL)
done = 0
while done < size:
    $1" "$mnt/moved" "$mnt/from_pages" && cmp "$mnt/moved" "$mnt/from_pages"
	status=$?
	rm -f "$mnt/from_pages"
	return "$status"
}
check "sendfile writes a new file" written_by \
	'done += os.sendfile(target, source, done, size - done)'
check "a mapping of another one does" written_by \
	'done += os.write(target, memoryview(mmap.mmap(source, size, prot=mmap.PROT_READ))[done:])'
check "a pipe does" written_by '
    r, w = os.pipe()
    os.splice(source, w, 65536, offset_src=done)
    done += os.splice(r, target, 65536)
    os.close(r)
    os.close(w)'

# Unlinked, and open.
cp "$work/source" "$mnt/unlinked"
cp "$work/source" "$plain/unlinked"
exec 5<>"$mnt/unlinked"
rm "$mnt/unlinked"
check "an unlinked file is read" cmp "$plain/unlinked" "/proc/$$/fd/5"
check "without being loaded" same 0 "$(stats_value fs_unlinked_bytes)"
change_unlinked() {
	dd if="$work/source" of="$1" bs=4097 seek=99 count=7 conv=notrunc 2>/dev/null &&
		dd if="$work/source" of="$1" bs=1000000 seek=66 count=2 conv=notrunc 2>/dev/null
}
change_unlinked "/proc/$$/fd/5"
change_unlinked "$plain/unlinked"
check "and written" cmp "$plain/unlinked" "/proc/$$/fd/5"
check "in memory for what was written" at_most 3000000 "$(stats_value fs_unlinked_bytes)"
too_much() {
	fails_with "No space left" sh -c "cat '$work/source' '$work/source' >>/proc/$$/fd/5"
}
check "up to a limit" too_much
exec 5>&-
memory_is_given_back() { [ "$(stats_value fs_unlinked_bytes)" = 0 ]; }
check "which is given back at its end" wait_until memory_is_given_back

sums() {
	(cd "$mnt" && cksum moved copy sparse)
}
before=$(sums)
remount
check "a remount shows the same" same "$before" "$(sums)"
kill_daemon
detach
mount_store -o memtable.max_size=1m,blob.file_size=4m
check "and after kill -9" same "$before" "$(sums)"
i=0
while [ "$i" -lt 20 ]; do
	cp "$work/source" "$mnt/round" || break
	i=$((i + 1))
done
check "one file written 20 times" cmp "$work/source" "$mnt/round"
garbage_goes() { [ "$(stats_value blob_bytes)" -lt $((10 * 67108864)) ]; }
check "what it left behind goes" wait_until garbage_goes
check "the store is healthy" same ok "$(stats_value health)"
stop_daemon
apexkv=$(find_program apexkv)
check "apexkv gets a large value" sh -c "'$apexkv' '$store' get moved | cmp - '$work/source'"
check "and finds no damage" "$apexkv" "$store" verify
finish
