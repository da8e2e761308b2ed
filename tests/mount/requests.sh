#!/bin/sh
# How many requests reach the daemon: the kernel answers what it knows.
. "$(dirname "$0")/lib.sh"

mount_store
cd "$mnt" || exit 1

# Nobody waits for the answer to a RELEASEDIR, and those of reading .stats are not the question.
requests() {
	awk '/^fuse_requests /{ n += $2 } /^fuse_(releasedir|virtual) /{ n -= $2 } END { print n }' "$mnt/.stats"
}

# A RELEASEDIR may come late, and while one opening lasts the next has no cache of the folder.
folders_are_closed() {
	[ "$(stats_value fuse_opendir)" = "$(stats_value fuse_releasedir)" ]
}

# What was asked between two readings of .stats.
cost() {
	wait_until folders_are_closed
	before=$(requests)
	"$@" >/dev/null
	after=$(requests)
	echo $((after - before))
}

cat_often() {
	i=0
	while [ "$i" -lt 100 ]; do
		cat "$1"
		i=$((i + 1))
	done
}
stat_often() {
	i=0
	while [ "$i" -lt 100 ]; do
		test -f "$1"
		i=$((i + 1))
	done
}
put() {
	echo v >"$1"
}
put_in_folder() {
	mkdir "$1"
	echo v >"$1/file"
}

# Flags that the kernel learns from a first answer are learnt before counting.
put warm
cat warm >/dev/null

check "echo to a new file costs three" same 3 "$(cost put new)"
check "echo to an existing file costs two" same 2 "$(cost put new)"
head -c 100000 /dev/urandom >large
check "100 x cat costs a handful" at_most 5 "$(cost cat_often new)"
check "100 x cat of a larger file costs a handful" at_most 5 "$(cost cat_often large)"
check "a warm cat costs none" same 0 "$(cost cat new)"
check "a name that is not there is asked for once" same 1 "$(cost stat_often absent)"
check "a warm stat costs none" same 0 "$(cost stat_often new)"
check "mkdir and a file in it cost four" at_most 5 "$(cost put_in_folder folder)"

mkdir many
i=0
while [ "$i" -lt 100 ]; do
	echo "$i" >"many/file$i"
	i=$((i + 1))
done
cd / || exit 1
remount
cd "$mnt" || exit 1
check "ls -l of 100 files does not ask for each" at_most 20 "$(cost ls -l many)"
ls many >/dev/null
check "a warm ls costs one" same 1 "$(cost ls many)"

append() {
	echo v >>"$1"
}
cat new >/dev/null
check "an append costs two" at_most 2 "$(cost append new)"
check "a cat after it costs at most two" at_most 2 "$(cost cat new)"
check "the next costs none" same 0 "$(cost cat new)"
check "a warm ls -l costs one" same 1 "$(cost ls -l many)"
check "a warm du costs one, and asks how large the disk is" at_most 2 "$(cost du -s many)"
check "a warm find does too, and opens where it was started" at_most 3 "$(cost find many)"
check "rm costs one" same 1 "$(cost rm many/file1)"
check "mv costs two" at_most 2 "$(cost mv many/file2 many/moved)"
check "mv of a folder costs two" at_most 2 "$(cost mv many renamed)"
cat renamed/moved renamed/moved >/dev/null
cat renamed/moved >/dev/null # a READ makes its attributes stale
check "what is in it is known as before" same 0 "$(cost cat renamed/moved)"

cd / || exit 1
finish
