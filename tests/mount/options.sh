#!/bin/sh
# Settings of the mount, and what they change: owner and mode of what has none, what the kernel keeps.
. "$(dirname "$0")/lib.sh"

apexkv=$(find_program apexkv)
"$apexkv" "$store" put plain value && "$apexkv" "$store" put folder/file value || exit 1

shown() {
	stat -c '%a %u %g' "$mnt/$1"
}

mount_store
mine="$(id -u) $(id -g)"
check "what has no owner is the mounting user's" same "644 $mine" "$(shown plain)"
check "a folder too" same "755 $mine" "$(shown folder)"
chmod 640 "$mnt/plain"
mkdir "$mnt/made"
remount -o fs.uid=7,fs.gid=8,fs.umask=077
check "or whose the settings say" same "600 7 8" "$(shown folder/file)"
check "a folder too, with its mode" same "700 7 8" "$(shown folder)"
check "and one that has a record" same "700 7 8" "$(shown made)"
check "a stored mode stays" same "640 7 8" "$(shown plain)"
echo x >"$mnt/own"
check "what is made belongs to who makes it" same "644 $mine" "$(shown own)"
remount -o fs.umask=0
check "then it was stored" same "644 $mine" "$(shown own)"
check "without a mask all is allowed" same "666 $mine" "$(shown folder/file)"
stop_daemon
check "a mask is octal" fails_with "octal, 000 to 777" "$apexfs" -o fs.umask=8 "$store" "$mnt"
check "an owner is a number" fails_with "fs.uid" "$apexfs" -o fs.uid=root "$store" "$mnt"

# asked KIND COMMAND...: how many requests of a kind a command costs, done ten times over, without
# those of the counting: to the next ten, as one opening of .stats may show one lookup more than the
# other, when it is slow (VIRT_SPARE_MS)
asked() {
	kind=fuse_$1
	shift
	"$@" >/dev/null 2>&1
	start=$(stats_value "$kind")
	before=$(stats_value "$kind")
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$@" >/dev/null 2>&1
	done
	echo $((($(stats_value "$kind") - before - (before - start) + 5) / 10 * 10))
}

mount_store
check "names are kept" same 0 "$(asked lookup stat "$mnt/plain")"
check "attributes are" same 0 "$(asked getattr stat "$mnt/plain")"
check "absent names are" same 0 "$(asked lookup stat "$mnt/absent")"
remount -o fuse.entry_timeout=0
check "entry_timeout=0: names are asked for" same 10 "$(asked lookup stat "$mnt/plain")"
check "but not absent ones" same 0 "$(asked lookup stat "$mnt/absent")"
remount -o fuse.attr_timeout=0
check "attr_timeout=0: attributes are asked for" same 10 "$(asked getattr stat "$mnt/plain")"
check "names are not" same 0 "$(asked lookup stat "$mnt/plain")"
remount -o fuse.negative_timeout=0
check "negative_timeout=0: absent names are asked for" same 10 "$(asked lookup stat "$mnt/absent")"
check "others are not" same 0 "$(asked lookup stat "$mnt/plain")"
check "it works as ever" sh -c "cd '$mnt' && echo a >new && mv new newer && test a = \$(cat newer) && rm newer"
finish
