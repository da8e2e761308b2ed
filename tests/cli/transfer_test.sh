#!/bin/sh
# apexkv with many records: search, import, export, load, batch, repl, dumps, bench.
# usage: transfer_test.sh BUILD_FOLDER [RECORDS]      records for each form of import and export (20000)
# Prints TAP lines; the exit status is 0 when all are ok.
records=$(cd "$(dirname "$0")" && pwd)/records.py
. "$(dirname "$0")/lib.sh"
count_wanted=${2:-20000}

tab=$(printf '\t')

# says TEXT ARGUMENTS...: status 0, and the text is part of what is said on standard error
says() {
  text=$1
  shift
  exits 0 "$@" && grep -qF -e "$text" err
}

# fed INPUT STATUS ARGUMENTS...: that status with that input (as printf's %b has it)
fed() {
  printf '%b' "$1" >input
  wanted=$2
  shift 2
  "$apexkv" "$@" <input >out 2>err
  status=$?
  [ "$status" -eq "$wanted" ] || { echo "# status $status, not $wanted"; return 1; }
}

# fed_and_says TEXT INPUT STATUS ARGUMENTS...
fed_and_says() {
  text=$1
  shift
  fed "$@" && grep -qF -e "$text" err
}

# ---- the forms of import and export
is_identity() {
  python3 "$records" "$1" "$count_wanted" >"in.$1" || return 1
  rm -rf store
  says "imported $count_wanted records" store import "in.$1" --format "$1" || return 1
  "$apexkv" store export --format "$1" | cmp - "in.$1"
}
for form in kv tsv json nul; do
  check "import, then export, is the identity: $form" is_identity "$form"
done
same_records() { "$apexkv" "$1" export --format nul | cmp - in.nul; }
check 'as many records are counted' prints "$count_wanted\n" store count
for form in kv tsv json nul; do
  rm -rf loaded
  check "load --sorted takes $form" says "loaded $count_wanted records" loaded load --sorted "in.$form"
  check 'and makes the same store' same_records loaded
done
check 'which verifies' exits 0 loaded verify
check 'and is one level, the last' [ "$("$apexkv" loaded manifest-dump | awk '/^table/ { print $2 }' | sort -u)" = level=6 ]
check 'the name of a file tells the form' says imported store import in.tsv
check 'export into a file says how many' says "exported $count_wanted records" store export out.json
check 'of the form of its name' cmp out.json in.json
head -c 3000000 /dev/urandom >large
large_is_identity() {
  rm -rf l1 l2
  "$apexkv" l1 put --file large big && "$apexkv" l1 put --hex 00ff 0a &&
    "$apexkv" l1 export --format "$1" | "$apexkv" l2 import --format "$1" - 2>/dev/null &&
    "$apexkv" l2 get big | cmp - large && prints '0a\n' l2 get --hex 00ff
}
for form in kv tsv json nul; do
  check "a value of megabytes: $form" large_is_identity "$form"
done
load_large() {
  rm -rf l2
  "$apexkv" l1 export - | "$apexkv" l2 load --sorted - 2>/dev/null && "$apexkv" l2 get big | cmp - large
}
check 'load takes one, too' load_large
check 'its store verifies' exits 0 l2 verify

# ---- input that is wrong
check 'a line without = is told with its number' \
  fed_and_says 'standard input:3: there is no = in the line' '#\na=b\nc\n' 2 e import
check 'what stands before it is imported' prints 'a=b\n' e export
check 'and that is said' fed_and_says '1 records before it' 'd=e\nx' 2 e import
check 'a bad escape' fed_and_says ':1: ' 'a=\\q\n' 2 e import
check 'an empty key' fed_and_says ':1: a key has at least one byte' '=b\n' 2 e import
check 'JSON that is none' fed_and_says ':2: ' '{"key":"j","value":""}\n{"key":1}\n' 2 e import --format json
check 'NULs that do not pair' fed_and_says ':1: the input ends behind a key' 'a\0000' 2 e import --format nul
check 'a key over the limit' sh -c "head -c 70000 /dev/zero | tr '\\0' x >long; echo =v >>long; ! '$apexkv' e import long 2>err && grep -q ':1: ' err"
check 'an unknown form' refuses 'no format xml' 2 e import --format xml
check 'a file that is missing' refuses 'none' 2 e import none
check 'a batch of none' refuses '--batch is 1 to' 2 e import --batch 0
check 'load wants --sorted' refuses 'say --sorted' 2 f load in.kv
check 'load refuses what is out of order, with its line' absent f/CURRENT \
  fed_and_says 'standard input:3: the key is before' 'b=1\nc=2\na=3\n' 2 f load --sorted
check 'and what comes twice' absent f/CURRENT \
  fed_and_says 'standard input:2: the key is the one that precedes it' 'b=1\nb=2\n' 2 f load --sorted
check 'load wants an empty folder' refuses 'not empty' 3 e load --sorted in.kv
check 'a folder that a refused load left does for another' fed 'a=1\n' 0 f load --sorted

# ---- exists, search, keys, scan
run g put user:1 'Ada Lovelace'
run g put user:2 'Grace Hopper'
run g put group:1 'users of Ada'
check 'exists says yes' prints 'yes\n' g exists user:1
no_is_said() { run g exists user:3 && [ "$status" -eq 1 ] && [ "$(cat out)" = no ]; }
check 'exists says no, status 1' no_is_said
check 'search finds keys by their start' prints 'user:1\nuser:2\n' g search user --keys
check 'search --substring finds them anywhere' prints 'group:1\nuser:1\n' g search --substring :1 --keys
check 'search --value looks into values' prints 'group:1\nuser:1\n' g search --value Ada --keys
check 'within a range' prints 'user:1\n' g search --value Ada --keys --prefix user:
check 'a search that finds nothing exits 1' sh -c "'$apexkv' g search none; [ \$? -eq 1 ]"
check 'search takes --limit and --reverse' prints 'user:2\n' g search user --keys --reverse --limit 1
check 'search --substring and --value are two things' exits 2 g search --substring --value x
check 'search in a value of megabytes' sh -c "
  head -c 1048574 /dev/zero | tr '\\0' z >zz; printf needle >>zz; cat zz zz >zzz
  '$apexkv' h put --file zzz big && [ \"\$('$apexkv' h search --value needle --keys)\" = big ] &&
  ! '$apexkv' h search --value needles --keys"
check 'keys' prints 'group:1\nuser:1\nuser:2\n' g keys
check 'count --prefix' prints '2\n' g count --prefix user:
check 'scan --values' prints 'Ada Lovelace\nGrace Hopper\n' g scan --values --prefix user:
check 'scan --json' prints '{"key":"user:2","value":"Grace Hopper"}\n' g scan --json --from user:2
check 'scan --null' sh -c "'$apexkv' g scan --null --keys | tr '\\0' , | grep -qx 'group:1,user:1,user:2,'"
check 'scan --hex, with its bounds' prints '757365723a32\t477261636520486f70706572\n' g scan --hex --from 757365723a32
check 'scan --raw' prints 'user:2\tGrace Hopper\n' g scan --raw --from user:2
check 'only one form at a time' exits 2 g scan --raw --json

# ---- batch
check 'a batch is applied' fed 'put b:1 "x y"\n# no\n\ndel user:2\nset b:2 \\x41\n' 0 g batch -
check 'all of it' prints 'b:1\tx y\nb:2\tA\n' g scan --prefix b:
check 'the deletion, too' exits 1 g get user:2
check 'a bad line is told with its number' fed_and_says ':2: put takes a key and a value' 'put c:1 1\nput c:2\n' 2 g batch -
check 'and nothing is changed' exits 1 g get c:1
check 'batch N puts records to try' says '1000 records put' n batch 1000
check 'so many' prints '1000\n' n count --prefix batch:

# ---- a session from a script
check 'a session' fed 'put user:9 "John Doe"\nget user:9\nset a b\nall --prefix a\ndel a\ncount\nexit\nget none\n' 0 r repl
check 'prints what its commands print' sh -c "printf 'John Doe\na\tb\n1\n' | cmp - out"
check 'its status is that of what failed last' fed 'get none\ncount\n' 1 r repl
check 'an unknown command is told' fed_and_says 'there is no such command' 'nonsense\n' 2 r repl
check 'a put without a value is refused' fed_and_says 'no VALUE' 'put a\n' 2 r repl
check 'salvage is not for a session' fed_and_says 'not here' 'salvage x\n' 2 r repl
check 'help lists the commands' sh -c "echo help | '$apexkv' r repl | grep -q '^  search'"
check 'the demo runs' exits 0 r demo
check 'and shows what it does' grep -qx 'apexkv> get demo/user/1' out

# ---- what files hold
check 'flush' exits 0 g flush
check 'manifest-dump lists the tables' sh -c "'$apexkv' g manifest-dump | grep -q '^table${tab}level=0.*${tab}b:1${tab}user:1\$'"
check 'sst-dump shows properties' sh -c "'$apexkv' g sst-dump | grep -qx 'entries 4'"
check 'and records, without values' sh -c "'$apexkv' g sst-dump --records | grep -q '^user:1${tab}seqno=[0-9]*${tab}time_ns=[0-9]*${tab}kind=put${tab}meta=0${tab}value=12\$'"
run g put logged value
check 'wal-dump shows changes with their place' sh -c "'$apexkv' g wal-dump | grep -q '^logged${tab}seqno=.*kind=put.*value=5${tab}offset=[0-9]*\$'"
check 'wal-dump --summary' prints_like 'changes 1' g wal-dump --summary
check 'a file by its number' sh -c "n=\$(ls g/*.sst | head -n 1); '$apexkv' g sst-dump \"\$(basename \$n .sst | sed 's/^0*//')\" | grep -q '^entries '"
check 'a name that is none' exits 2 g sst-dump 12x
check 'a file that is missing' exits 3 g sst-dump 999999
check 'a store that is missing' exits 3 none manifest-dump
check 'config shows where a setting came from' sh -c "'$apexkv' -o wal.sync_mode=always g config | grep -q '^wal.sync_mode=always *# '"

# ---- damage: each kind of file, each way to meet it
cp -r g sound
table=$(basename "$(find g -name '*.sst' | head -n 1)")
damage() { printf 'XXXX' | dd of="g/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
heal() { rm -rf g; cp -r sound g; }
damage "$table" 20
for command in verify scan export count 'search --value x' 'sst-dump --verify' 'sst-dump --records'; do
  # shellcheck disable=SC2086 # words
  check "a damaged table: $command exits 4 and names it" sh -c "'$apexkv' g $command >/dev/null 2>err; [ \$? -eq 4 ] && grep -q '$table: offset' err"
done
heal
size=$(stat -c %s "g/$table")
damage "$table" $((size - 10))
check 'a damaged footer' sh -c "'$apexkv' g sst-dump 2>err; [ \$? -eq 4 ] && grep -q '$table' err"
heal
manifest=$(find g -name 'MANIFEST-*' | sort | tail -n 1)
damage "$(basename "$manifest")" 20
for command in 'get a' verify manifest-dump 'put a b'; do
  # shellcheck disable=SC2086 # words
  check "a damaged manifest: $command exits 4 and names it" sh -c "'$apexkv' g $command 2>err; [ \$? -eq 4 ] && grep -q '$(basename "$manifest")' err"
done
heal
log=$("$apexkv" g wal-dump | awk '$1 == "log" { number = $2 } /^logged/ { print number; exit }')
damage "$(printf '%06d.wal' "$log")" 60
check 'a damaged log: wal-dump tells of it' sh -c "'$apexkv' g wal-dump 2>err | grep -q '^torn_bytes [1-9]' || grep -q offset err"
heal
printf 'put a 1\nput b 2\n' | "$apexkv" two repl >/dev/null
log=$(printf '%06d.wal' "$("$apexkv" two wal-dump | awk '$1 == "log" { number = $2 } /^a/ { print number; exit }')")
printf XXXX | dd of="two/$log" bs=1 seek=60 conv=notrunc 2>/dev/null
check 'before a good record, it is an error that names the file' sh -c "'$apexkv' two wal-dump >out 2>err; [ \$? -eq 4 ] && grep -q '^apexkv: $log: offset' err"
rm "g/CURRENT"
check 'a missing CURRENT' exits 4 g get a
heal

# Flips of single bits all over a table, one at a time.
fifty=$((size / 100))
finds_each_flip() {
  missed=0
  n=0
  while [ "$n" -lt 100 ]; do
    at=$((n * fifty + n % 7))
    [ "$at" -lt "$size" ] || at=$((size - 1))
    old=$(dd if="sound/$table" bs=1 skip="$at" count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
    new=$((old ^ (1 << n % 8)))
    # shellcheck disable=SC2059 # an octal escape
    printf "\\$(printf %o "$new")" | dd of="g/$table" bs=1 seek="$at" conv=notrunc 2>/dev/null
    "$apexkv" g verify >out 2>err
    [ $? -eq 4 ] && grep -q "$table" err || missed=$((missed + 1))
    dd if="sound/$table" of="g/$table" bs=1 skip="$at" seek="$at" count=1 conv=notrunc 2>/dev/null
    n=$((n + 1))
  done
  [ "$missed" -eq 0 ]
}
check 'verify finds each of 100 flips' finds_each_flip
check 'and none when they are healed' exits 0 g verify

# ---- bench
check 'bench prints a line a workload' prints_lines 4 bench.1 bench --num 2000 fillrandom readrandom ycsb-load
check 'bench --json is JSON' sh -c "'$apexkv' bench.2 bench --num 500 --threads 2 --json --plot b.svg fillseq readseq readmissing deleteseq ycsb-load ycsb-a ycsb-b ycsb-c ycsb-d ycsb-e ycsb-f >b.json 2>err && python3 -c '
import json
b = json.load(open(\"b.json\"))
assert len(b[\"results\"]) == 11 and b[\"threads\"] == 2
for r in b[\"results\"]:
    assert r[\"operations\"] == (50 if r[\"workload\"] == \"ycsb-e\" else 500), r
    assert 0 < r[\"p50_ns\"] <= r[\"p99_ns\"] <= r[\"max_ns\"], r
assert b[\"results\"][1][\"found\"] == 500 and b[\"results\"][2][\"found\"] == 0
'"
check 'its picture is XML' python3 -c 'import xml.dom.minidom as m; assert len(m.parse("b.svg").getElementsByTagName("rect")) == 12'
found_with_seed() { "$apexkv" "$1" bench --num 500 --seed "$2" --json fillrandom readrandom 2>/dev/null | sed 's/.*"found":\([0-9]*\).*/\1/'; }
check 'the same seed does the same' [ "$(found_with_seed s1 5)" = "$(found_with_seed s2 5)" ]
check 'bench keeps off a store with records' refuses 'holds records' 2 g bench fillseq
check 'bench of what is not there' refuses 'no workload nonsense' 2 bench.3 bench nonsense
check 'bench that reads first' refuses 'nothing was filled' 2 bench.4 bench readrandom
check 'bench --list' prints_lines 21 bench.5 bench --list

# ---- a mount as text
mkdir mount
printf 'health ok\ntotal_records 7\npid 1\n' >mount/.stats
check 'top prints a picture where there is no terminal' prints_like 'apexkv top mount   health ok   7 records .*' top mount
check 'top of what is no mount' refuses 'none/.stats' 3 top none

# ---- signals
stops_cleanly() {
  rm -rf store fifo
  mkfifo fifo
  "$apexkv" store import - <fifo >out 2>err &
  importer=$!
  at_exit() { kill "$importer" 2>/dev/null; }
  exec 3>fifo
  seq -f 'key%.0f=value' 1 5000 >&3
  printf 'half=of a li' >&3
  tries=0
  until "$apexkv" store count 2>/dev/null | grep -q 000; do
    tries=$((tries + 1))
    [ "$tries" -lt 1000 ] || break
    sleep 0.01
  done
  kill -TERM "$importer" # a shell lets what runs in the background ignore INT
  wait "$importer"
  status=$?
  at_exit() { :; }
  exec 3>&-
  said=$(sed -n 's/.*signal; \([0-9]*\) records are imported.*/\1/p' err)
  [ "$status" -eq 130 ] && [ -n "$said" ] && [ "$said" = "$("$apexkv" store count)" ]
}
check 'a signal stops an import, which says what it did' stops_cleanly
exports_what_it_says() {
  rm -f fifo
  mkfifo fifo
  "$apexkv" loaded export fifo 2>err &
  exporter=$!
  at_exit() { kill "$exporter" 2>/dev/null; }
  exec 3<fifo
  head -c 100 <&3 >got # it has begun, and has more to say than the pipe holds
  kill -TERM "$exporter"
  cat <&3 >>got
  wait "$exporter"
  status=$?
  at_exit() { :; }
  exec 3<&-
  said=$(sed -n 's/.*signal; \([0-9]*\) records are exported.*/\1/p' err)
  [ "$status" -eq 130 ] && [ -n "$said" ] && [ "$said" -eq "$(wc -l <got)" ]
}
check 'a signal stops an export, which has written what it says' exports_what_it_says
half_is_absent() { run store exists half && [ "$status" -eq 1 ]; }
check 'half a line is no record' half_is_absent

finish
