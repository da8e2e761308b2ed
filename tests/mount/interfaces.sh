#!/bin/sh
# What the earlier engines offered over HTTP, and where it is in the mount: a table, each row of
# which is read through the mount. Those of programs (repl, top, offline tools) have tests of their
# own in tests/cli.
. "$(dirname "$0")/lib.sh"

mount_store
cd "$mnt" || exit 1

# what it was | a command, run in the root of the mount | a pattern for grep -x that its output has
table='
POST /keys|echo Ada >user:1; cat user:1|Ada
GET /keys/K|cat user:1|Ada
PUT of an existing key|echo Eve >user:1; cat user:1|Eve
DELETE /keys/K|echo x >gone; rm gone; ls|user:1
POST /keys/batch|printf "%s\n" "# comment" "user:2=Bob" "a/b=c" >../lines; cp ../lines .apex/batch; cat user:2|Bob
GET /keys|find . -type f -printf "%P\n"|a/b
GET /scan|ls|user:2
GET /keys/search/prefix|cat .apex/search/prefix/user|user:2
GET /keys/search/substring|cat .apex/search/substring/r:2|user:2
search over values|cat .apex/search/value/Bo|user:2
count|cat .apex/count/all|3
GET /stats|cat .stats|health ok
GET /stats/all|cat .stats|total_records [0-9]*
GET /stats as JSON|cat .stats.json|{.*"health":"ok".*}
GET /metrics|cat .stats.prom|# TYPE .* counter
GET /stats/memory|cat .stats.d/memory|[a-z_]* [0-9]*
GET /stats/disk|cat .stats.d/disk|[a-z_]* [0-9]*
stats of the log|cat .stats.d/wal|[a-z_]* [0-9]*
stats of the cache|cat .stats.d/cache|[a-z_]* [0-9]*
stats of compaction|cat .stats.d/compaction|[a-z_]* [0-9]*
stats of operations|cat .stats.d/ops|put_count [0-9]*
stats of requests|cat .stats.d/fs|fs_[a-z_]* [0-9]*
stats of levels|cat .stats.d/levels|level0_files [0-9]*
field mem_records|sed -n 1p .stats|mem_records [0-9]*
field mem_kb|sed -n 2p .stats|mem_kb [0-9]*
field sst_files|sed -n 3p .stats|sst_files [0-9]*
field sst_records|sed -n 4p .stats|sst_records [0-9]*
field sst_kb|sed -n 5p .stats|sst_kb [0-9]*
field wal_kb|sed -n 6p .stats|wal_kb [0-9]*
field total_records|sed -n 7p .stats|total_records [0-9]*
field memtable_max_size|sed -n 8p .stats|memtable_max_size [0-9]*
GET /features|ls .apex/features|read_only
GET /features/ID|cat .apex/features/verify_reads|enabled on
POST /features/ID|echo on >.apex/features/mine; cat .apex/features/mine|enabled on
POST /features/ID, a stale version|echo "version 0 off" 2>/dev/null >.apex/features/mine; cat .apex/features/mine|version 1
GET /health|cat .apex/health|ok
tokens with rights|chmod 400 user:1; stat -c %a user:1|400
control belongs to the mounting user|stat -c %a .apex|700
parameters|cat .apex/config|wal.sync_mode=.*# default
a parameter by itself|cat .apex/config.d/log.level|warn
a profile|cat .apex/config|profile=balanced.*
flush|echo flush >.apex/ctl && echo done|done
compact|echo compact >.apex/ctl && echo done|done
snapshots|mkdir .apex/snapshots/s; ls .apex/snapshots/s|user:2
changes|cat .apex/watch; cat .apex/watch|# seq op key
version|cat .apex/version|apexfs .*
'
reads() {
	sh -c "$1" >"$work/output" 2>&1
	grep -qx -- "$2" "$work/output" || {
		head -n 5 "$work/output"
		return 1
	}
}
printf '%s\n' "$table" >"$work/table"
while IFS='|' read -r name command pattern; do
	[ -z "$name" ] || check "$name" reads "$command" "$pattern"
done <"$work/table"

cd / || exit 1
finish
