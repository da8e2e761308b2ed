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
finish
