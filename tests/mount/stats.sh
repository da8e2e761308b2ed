#!/bin/sh
# The virtual files: any program that reads one sees one whole text.
. "$(dirname "$0")/lib.sh"

mount_store
cd "$mnt" || exit 1
echo value >key

cat .stats >"$work/stats"
check "the eight classic lines come first" same \
	"mem_records mem_kb sst_files sst_records sst_kb wal_kb total_records memtable_max_size" \
	"$(head -n 8 "$work/stats" | awk '{ printf "%s%s", sep, $1; sep = " " }')"
check "each line is a name and a value" same "" "$(grep -vE '^[a-z0-9_]+ .+$' "$work/stats")"
check "no name comes twice" same "" "$(awk '{ print $1 }' "$work/stats" | sort | uniq -d)"
check "the daemon counts its requests" test "$(stats_value fuse_requests)" -gt 3
check "the daemon is healthy" same ok "$(stats_value health)"

# A program saw one whole text if it ends in the last line, and nothing is torn or padded.
whole() {
	[ -s "$1" ] || return 1
	same "fuse_requests" "$(tail -n 1 "$1" | awk '{ print $1 }')" &&
		same "" "$(grep -vE '^[a-z0-9_]+ .+$' "$1")" &&
		same "$(wc -c <"$1")" "$(tr -d '\000' <"$1" | wc -c)"
}
check "cat sees it whole" whole "$work/stats"
cp .stats "$work/copied"
check "cp sees it whole" whole "$work/copied"
tar cf - .stats | (cd "$work" && tar xf - && mv .stats tarred)
check "tar sees it whole" whole "$work/tarred"
dd if=.stats of="$work/dumped" bs=7 2>/dev/null
check "dd sees it whole in pieces of 7 bytes" whole "$work/dumped"
tail -n 1000 .stats >"$work/tailed"
check "tail sees it whole" whole "$work/tailed"
check "head sees the first line" same mem_records "$(head -n 1 .stats | awk '{ print $1 }')"
check "grep finds a line" grep -q '^wal_kb ' .stats
check "its size is not 0" test -s .stats

torn=0
i=0
while [ "$i" -lt 50 ]; do
	echo "$i" >"key$i"
	cat .stats >"$work/stats"
	whole "$work/stats" >/dev/null || torn=$((torn + 1))
	i=$((i + 1))
done
check "it stays whole while the store changes" same 0 "$torn"
# a creation whose write took longer than it is held is a record of its own
late=$(($(stats_value fs_held_total) - $(stats_value fs_held_merged)))
check "it shows what is there now" same $((51 + late)) "$(stats_value total_records)"

exec 5<.stats
echo another >key_more
cat <&5 >"$work/held"
exec 5<&-
check "an open one does not change" whole "$work/held"

cat .stats.json >"$work/json"
check "the JSON is one object" same "{ }" "$(head -c 1 "$work/json") $(tail -n 1 "$work/json" |
	tail -c 2)"
check "the JSON has the same names" same "$(awk '{ print $1 }' "$work/stats" | sort)" \
	"$(grep -oE '"[a-z0-9_]+":' "$work/json" | tr -d '":' | sort)"

lint=$build/tests/support/prom_lint
cat .stats.prom >"$work/prom"
if [ -x "$lint" ]; then
	passes_lint() { "$lint" <"$work/prom"; }
	check "the Prometheus form passes the lint" passes_lint
else
	skip "the Prometheus form passes the lint" "prom_lint is not built"
fi
check "it counts what the text counts" grep -q \
	"^apexfs_op_duration_seconds_count{op=\"put\"} $(stats_value put_count)\$" "$work/prom"

groups="amplification bloom cache compaction disk errors fs health levels memory ops recovery stalls wal"
# shellcheck disable=SC2012 # these names are words
check "a folder has a file for each group" same "$groups" \
	"$(ls .stats.d | sort | tr '\n' ' ' | sed 's/ $//')"
cat .stats >"$work/stats"
awk '{ print $1 }' "$work/stats" | sort -u >"$work/names"
groups_are_parts() {
	for group in $groups; do
		cat ".stats.d/$group" >"$work/group" && [ -s "$work/group" ] || return 1
		same "" "$(grep -vE '^[a-z0-9_]+ .+$' "$work/group")" || return 1
		same "" "$(awk '{ print $1 }' "$work/group" | sort -u | comm -23 - "$work/names")" ||
			return 1
	done
}
check "each tells a part of the whole" groups_are_parts
every_name_has_a_group() {
	cat .stats.d/* | awk '{ print $1 }' | sort -u | comm -13 - "$work/names" >"$work/none"
	# the lines of the transport have one, and are not shown there
	same "" "$(grep -v '^transport' "$work/none")"
}
check "together they are the whole" every_name_has_a_group
sums_agree() {
	awk '/^level[0-9]_files /{f += $2} /^level[0-9]_bytes /{b += $2} /^level[0-9]_entries /{r += $2}
		/^table_files /{tf = $2} /^table_bytes /{tb = $2} /^table_records /{tr = $2}
		/^fuse_error_/{e += $2} /^fuse_errors /{te = $2}
		END { exit !(f == tf && b == tb && r == tr && e == te && e > 0) }' "$work/stats"
}
check "the sums agree" sums_agree

absent=$(stats_value fuse_lookup_enoent)
test -e no_such_file_1
test -e no_such_file_2
check "requests are counted by their errors" same $((${absent:-0} + 2)) \
	"$(stats_value fuse_lookup_enoent)"
puts=$(stats_value put_count)
late=$(($(stats_value fs_held_total) - $(stats_value fs_held_merged)))
for n in 1 2 3; do echo "$n" >"counted$n"; done
late=$(($(stats_value fs_held_total) - $(stats_value fs_held_merged) - late))
check "puts are counted exactly" same $((puts + 3 + late)) "$(stats_value put_count)"
check "and timed" test "$(stats_value put_p99_ns)" -gt 0

check "a virtual file is not listed" same "" "$(find . -maxdepth 1 -name '*stats*')"
check "it is found by name" ls -l .stats
check "it belongs to the mounting user" same "$(id -u) 444" "$(stat -c '%u %a' .stats)"
overwrite() { fails_with "ermission denied" sh -c 'echo x >.stats'; }
check "it cannot be written" overwrite
append() { fails_with "ermission denied" sh -c 'echo x | cat >>.stats'; }
check "it cannot be appended to" append
check "it cannot be removed" fails_with "ermission denied" rm -f .stats
check "it cannot be renamed" fails_with "ermission denied" mv .stats elsewhere
check "nothing can be renamed to it" fails_with "ermission denied" mv -f key .stats
check "its mode cannot be changed" fails_with "ermission denied" chmod 600 .stats
check "no folder can be made in its place" fails_with "exists" mkdir .stats
mkdir folder
echo plain >folder/.stats
check "in a folder the name is an ordinary one" same plain "$(cat folder/.stats)"

cd / || exit 1
kill_daemon
detach
mount_store
check "the recovery of the last open is told" test "$(stats_value recovered_records)" -gt 0
check "and how long it took" test "$(stats_value recovery_ns)" -gt 0
remount -o ro
cat "$mnt/key" >/dev/null
check "a read-only mount tells all the same" same "1 ok" \
	"$(stats_value takes_no_writes) $(stats_value health)"
check "and counts reads" test "$(stats_value get_count)" -gt 0

remount -o stats.enable=off
cat "$mnt/key" >/dev/null
echo value >"$mnt/uncounted"
check "switched off nothing is counted" same "0 0 0" \
	"$(stats_value get_count) $(stats_value put_count) $(stats_value fuse_requests)"
check "sizes are shown all the same" test "$(stats_value total_records)" -gt 0

remount -o "stats.file=$work/numbers.json" -o stats.interval=1
dump_has() { grep -q "\"$1\":" "$work/numbers.json"; }
dump_is_there() { [ -s "$work/numbers.json" ]; }
check "statistics are written into a file" wait_until dump_is_there
check "the whole of them" dump_has fuse_requests
echo more >"$mnt/more"
dump_counts() { grep -q '"put_count":[1-9]' "$work/numbers.json"; }
check "and again" wait_until dump_counts
stop_daemon
check "nothing else is left" same numbers.json "$(cd "$work" && echo numbers*)"
fails_to_mount() {
	! "$apexfs" "$@" "$store" "$mnt" 2>"$work/why" && grep -q 'absolute path' "$work/why"
}
check "a path that depends on the folder is refused" fails_to_mount -o stats.file=dump.json

finish
