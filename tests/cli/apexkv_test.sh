#!/bin/sh
# apexkv from the outside: what it prints, and its exit status.
# usage: apexkv_test.sh BUILD_FOLDER
# Prints TAP lines; the exit status is 0 when all are ok.
. "$(dirname "$0")/lib.sh"

# with VARIABLE=VALUE COMMAND...: the command, with that in its environment
with() {
  (
    export "${1?}"
    shift
    "$@"
  )
}

# stores_input KEY FILE: what put reads from the file is what get writes
stores_input() { "$apexkv" s put "$1" - <"$2" && "$apexkv" s get "$1" | cmp - "$2"; }

reads_input_unasked() { echo piped | "$apexkv" s put piped && prints 'piped\n' s get piped; }

refuses_full_output() {
  "$apexkv" s get bin >/dev/full 2>err
  [ $? -eq 5 ] && grep -q 'standard output' err
}

begins_with_known_names() {
  exits 0 t stats || return 1
  known='mem_records mem_kb sst_files sst_records sst_kb wal_kb total_records memtable_max_size '
  [ "$(head -n 8 out | cut -d ' ' -f 1 | tr '\n' ' ')" = "$known" ]
}

consists_of_names_and_values() { ! grep -Evq '^[a-z0-9_]+ [^ ]+$' out; }

# same_scan STORE STORE: both hold the same records
same_scan() {
  "$apexkv" "$1" scan >expected && "$apexkv" "$2" scan >out && cmp expected out
}

list_files() { find t -printf '%p %s %T@ %i\n' | sort; }

leaves_files_alone() {
  list_files >before
  "$@" && list_files | cmp - before
}

# ---- one record
check 'get on a missing store exits 3 and makes none' absent s exits 3 s get a
check 'delete on a missing store exits 3' exits 3 s delete a
check 'the error names the store' refuses 's: ' 3 s scan
check 'put makes the store' exits 0 s put a hello
check 'get prints the value and nothing else' prints 'hello' s get a
check 'put replaces' exits 0 s put a 'other value'
check 'get prints the new value' prints 'other value' s get a
check 'get of an absent key exits 1' refuses 'not found: b' 1 s get b
check 'an empty value is a value' exits 0 s put empty ''
check 'an empty value is got' prints '' s get empty
check 'delete removes' exits 0 s delete a
check 'a deleted key is gone' exits 1 s get a
check 'delete of an absent key exits 1' exits 1 s delete a
check 'a key may begin with a dash after --' exits 0 s put -- -k v
check 'a value may begin with a dash' exits 0 s put k -v
run s get k
check 'the dashed value is got' [ "$(cat out)" = -v ]
run s get -- -k
check 'the dashed key is found' [ "$(cat out)" = v ]

# ---- bytes
head -c 300000 /dev/urandom >random
check 'put reads standard input, get writes it' stores_input bin random
head -c 3333333 /dev/urandom >large
check 'a value of megabytes is got as it was put' stores_input large large
check 'and scanned as one line' prints_lines 1 s scan --prefix large
head -c 2097152 /dev/zero >even
check 'also one of whole pieces' stores_input even even
refuses_too_large() {
  "$apexkv" -o store.max_value_size=1m s put toolarge - <large >out 2>err
  [ $? -eq 5 ] && [ "$(wc -l <err)" -eq 1 ] && exits 1 s get toolarge
}
check 'a value over store.max_value_size is refused' refuses_too_large
printf 'a\000b\nc\n' >nul
check 'NUL bytes and line ends are kept' stores_input nul nul
: >nothing
check 'empty input is an empty value' stores_input nothing nothing
check 'put without VALUE reads standard input' reads_input_unasked
check 'an escaped key is any bytes' exits 0 s put --escape 'n\x00\xffz' v
check 'it is got by its escapes' prints 'v\n' s get --escape 'n\x00\xffz'
check 'with --raw and nothing added' prints 'v' s get --raw --escape 'n\x00\xffz'
check 'without --escape a backslash is a backslash' exits 1 s get 'n\x00\xffz'
check 'a bad escape is refused' refuses 'no escape' 2 s get --escape 'n\xq0'
check 'a failed write to standard output exits 5' refuses_full_output

# ---- scan
for key in a/1 a/2 a/3 b/1 'c d'; do
  run t put "$key" "v-$key"
done
run t put --escape 'e\tf' 'x\\y'
check 'scan prints key, tab, value in order' \
  prints 'a/1\tv-a/1\na/2\tv-a/2\na/3\tv-a/3\nb/1\tv-b/1\nc d\tv-c d\ne\\tf\tx\\\\y\n' t scan
check 'scan --keys prints keys' prints 'a/1\na/2\na/3\nb/1\nc d\ne\\tf\n' t scan --keys
check 'scan --prefix' prints 'a/1\na/2\na/3\n' t scan --keys --prefix a/
check 'scan --prefix=P' prints 'b/1\n' t scan --keys --prefix=b
check 'scan --prefix of nothing' prints '' t scan --prefix zzz
check 'scan --from begins at the key' prints 'a/3\nb/1\nc d\ne\\tf\n' t scan --keys --from a/3
check 'scan --from begins after an absent key' prints 'b/1\nc d\ne\\tf\n' t scan --keys --from a/4
check 'scan --to ends before the key' prints 'a/1\na/2\n' t scan --keys --to a/3
check 'scan --limit' prints 'a/1\na/2\n' t scan --keys --limit 2
check 'scan --limit 0' prints '' t scan --keys --limit 0
check 'scan --reverse' prints 'e\\tf\nc d\nb/1\na/3\na/2\na/1\n' t scan --keys --reverse
check 'scan --reverse --to leaves the key out' prints 'a/2\na/1\n' t scan --keys --reverse --to a/3
check 'scan --reverse --to an absent key' prints 'a/3\na/2\na/1\n' t scan --keys --reverse --to a/9
check 'scan --reverse --from' prints 'e\\tf\nc d\nb/1\n' t scan --keys --reverse --from b
check 'scan --reverse --prefix --limit' \
  prints 'a/3\na/2\n' t scan --keys --reverse --prefix a/ --limit 2
check 'scan --prefix --from --to' \
  prints 'a/2\n' t scan --keys --prefix a/ --from a/2 --to a/3
check 'scan --from before the prefix' prints 'b/1\n' t scan --keys --prefix b --from a
check 'scan --reverse --to after the prefix' \
  prints 'b/1\n' t scan --keys --prefix b --to c --reverse
check 'scan --from after the prefix' prints '' t scan --keys --prefix a/ --from b
check 'scan --reverse --to before the prefix' prints '' t scan --keys --prefix b --to a/2 --reverse
check 'scan --escape' prints 'e\\tf\n' t scan --keys --escape --prefix 'e\t'
check 'scan of a missing store exits 3' exits 3 none scan

# ---- dump, verify, stats
check 'dump prints a line for each record' prints_lines 6 t dump
tab=$(printf '\t')
time='20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z'
check 'a line of dump tells key, seqno, time, kind and sizes' prints_like \
  "a/1${tab}seqno=[0-9]+${tab}time=$time${tab}kind=put${tab}meta=0${tab}value=5" t dump --prefix a/1
check 'verify says what it checked' \
  prints_like 'ok: tables=[0-9]+ bytes=[0-9]+ log_records=[0-9]+' t verify
check 'stats begins with the eight known lines' begins_with_known_names
check 'stats are names and values' consists_of_names_and_values
check 'stats --json is an object' prints_like '\{"mem_records":.*\}' t stats --json
check 'stats --json is one line' prints_lines 1 t stats --json
check 'get leaves every file of the store as it was' \
  leaves_files_alone prints 'v-a/1' t get a/1
check 'scan leaves every file of the store as it was' leaves_files_alone exits 0 t scan

# ---- flush, compact, checkpoint
for key in 1 2 3; do
  run u put "$key" "value $key"
done
check 'flush brings the log into a table' exits 0 u flush
check 'and prints nothing' prints '' u flush
check 'stats show the table' prints_like 'sst_records 3' u stats
run u delete 2
check 'compact drops what is deleted' prints '' u compact
check 'the deleted record is in no table any more' prints_like 'sst_records 2' u stats
run u put 2 again
check 'compact takes a range' exits 0 u compact 2 3
check 'compact takes a start' exits 0 u compact --escape '\\x32'
check 'a bad escape in a range is refused' refuses 'no escape' 2 u compact --escape '\q'
check 'a range that ends before it begins is refused' refuses 'behind' 2 u compact 3 2
check 'compact takes two keys at most' refuses 'too many' 2 u compact 1 2 3
check 'flush of a missing store exits 3' absent none exits 3 none flush
check 'checkpoint of a missing store exits 3' absent copy exits 3 none checkpoint copy
check 'checkpoint makes a store' prints '' u checkpoint copy
check 'the copy holds the same' prints '1\tvalue 1\n2\tagain\n3\tvalue 3\n' copy scan
run u put 4 later
check 'what is written later is not in the copy' refuses 'not found' 1 copy get 4
check 'the copy takes writes' exits 0 copy put 5 copied
check 'which the store does not have' exits 1 u get 5
check 'both verify' exits 0 u verify
check 'both verify (the copy)' exits 0 copy verify
check 'a copy into a folder that is not empty is refused' \
  refuses 'not empty' 2 u checkpoint copy
check 'a copy into the store itself is refused' absent u/in refuses 'its own store' 2 u checkpoint u/in
check 'a copy below a folder that is missing is refused' refuses 'none/in' 2 u checkpoint none/in
check 'a copy without a name is refused' refuses 'empty' 2 u checkpoint ''
check 'checkpoint needs a folder' refuses 'too few' 2 u checkpoint
shm=$(mktemp -d /dev/shm/apexkv.XXXXXX 2>/dev/null) || shm=
if [ -n "$shm" ] && [ "$(stat -c %d "$shm")" != "$(stat -c %d .)" ]; then
  check 'a copy on another file system is refused' \
    refuses "the store's own" 2 u checkpoint "$shm/copy"
  check 'and leaves no store there' exits 3 "$shm/copy" scan
fi
[ -z "$shm" ] || rm -rf "$shm"

# A scan whose output nobody reads stands still; meanwhile a writer replaces every table.
small='-o memtable.max_size=4k -o sstable.target_file_size=4k -o cache.max_open_files=1'
i=10
while [ "$i" -lt 60 ]; do
  head -c 3000 random | "$apexkv" $small w put "key$i" - || echo "# put failed"
  i=$((i + 1))
done
check 'many small tables' exits 0 $small w compact
mkfifo pages
goes_on_when_its_tables_are_replaced() {
  "$apexkv" $small w scan "$@" >pages 2>err &
  scanner=$!
  {
    IFS= read -r line
    printf '%s\n' "$line" >lines
    "$apexkv" w put key10 changed && "$apexkv" w compact || echo "# compact failed"
    cat >>lines
  } <pages
  wait "$scanner" || return 1
  cut -f 1 <lines >found
  [ "$(wc -l <found)" -eq 50 ] && [ "$(sort -u found | wc -l)" -eq 50 ]
}
check 'a scan goes on when its tables are replaced' goes_on_when_its_tables_are_replaced
check 'in order' sort -c found
run $small w compact
check 'a scan backwards goes on too' goes_on_when_its_tables_are_replaced --reverse --limit 50
check 'in its order' sort -c -r found

# ---- settings
check 'a setting is taken' prints 'v-a/1' -o cache.block_cache_size=1m t get a/1
check 'stats show that a setting arrived' \
  prints_like 'memtable_max_size 1048576' -o memtable.max_size=1m t stats
printf '[memtable]\nmax_size = 2m\n' >a.ini
check 'a file is taken' prints_like 'memtable_max_size 2097152' -c a.ini t stats
check 'the environment wins over the file' with APEXFS_MEMTABLE_MAX_SIZE=3m \
  prints_like 'memtable_max_size 3145728' -c a.ini t stats
check 'the command line wins over all' with APEXFS_MEMTABLE_MAX_SIZE=3m \
  prints_like 'memtable_max_size 4194304' -o memtable.max_size=4m -c a.ini t stats
check 'an unknown setting is refused with the nearest' \
  refuses 'memtable.max_size' 2 -o memtable.max_sise=1m t get a/1
check 'a value out of range is refused with the range' \
  refuses 'allowed: ' 2 -o cache.shards=0 t get a/1
printf '[memtable]\n\nmax_size = lots\n' >bad.ini
check 'a bad file is refused with file and line' refuses 'bad.ini:3: ' 2 -c bad.ini t get a/1
check 'a missing file is refused' refuses 'none.ini' 2 -c none.ini t get a/1
check 'a bad variable is refused' with APEXFS_CACHE_SHARD=1 \
  refuses 'cache.shards' 2 t get a/1
printf '[log]\nlevel = info\n[fuse]\nmax_threads = 4\n' >daemon.ini
check "the daemon's sections are passed over" prints 'v-a/1' -c daemon.ini t get a/1

# ---- command lines that are wrong
check 'no arguments' refuses 'no STORE' 2
check 'no command' refuses 'no COMMAND' 2 t
check 'an unknown command' refuses 'unknown command nonsense' 2 t nonsense
check 'an unknown option' refuses 'unknown option --nonsense' 2 --nonsense t get a
check 'an unknown short option' refuses 'unknown option -x' 2 -x t get a
check 'an unknown option of a command' refuses 'unknown option --nonsense' 2 t scan --nonsense
check 'an unknown short option of a command' refuses 'unknown option -x' 2 t scan -x
check 'an option without its value' refuses 'needs a value' 2 t scan --prefix
check 'too few arguments' refuses 'too few' 2 t get
check 'too many arguments' refuses 'too many' 2 t get a b
check 'an empty key' refuses 'at least one byte' 2 t get ''
check 'a key over the limit' refuses 65535 2 t get "$(head -c 65536 /dev/zero | tr '\0' x)"
check 'a limit that is no number' refuses 'no number' 2 t scan --limit -1
check 'a wrong command line makes no store' absent v refuses 'too few' 2 v put

# ---- help
says_the_same() {
  "$apexkv" none "$1" --help >expected && exits 0 help "$1" && cmp expected out
}
"$apexkv" manual >manual
"$apexkv" complete >completion
check '--help' exits 0 --help
commands=$("$apexkv" --help | sed -n '/:$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
check 'there are commands' [ "$(echo "$commands" | wc -l)" -gt 20 ]
for command in $commands; do
  run --help
  check "--help names $command" grep -Eq "^  $command " out
  check "$command --help needs no store" exits 0 none "$command" --help
  check "$command --help shows the usage" grep -q "^usage: .* $command" out
  check "help $command says the same" says_the_same "$command"
  check "the manual has $command" grep -q "^\.SS $command" manual
  check "the completion has $command" grep -q "[' ]${command}[' ]" completion
  run none "$command" --help
  for option in $(sed -n 's/^  --\([a-z-]*\).*/\1/p' out); do
    check "the manual has its --$option" grep -q "^\.B .*$(echo "$option" | sed 's/-/.*/g')" manual
  done
done
if command -v groff >/dev/null; then
  check 'the manual is set without a warning' sh -c '[ -z "$(groff -man -Tutf8 -ww -z manual 2>&1)" ]'
fi
if command -v bash >/dev/null; then
  check 'bash takes the completion' bash -n completion
  completes() {
    # shellcheck disable=SC2016 # for the other shell
    [ "$(bash -c '. ./completion; COMP_WORDS=("$@" "") COMP_CWORD=$(($# - 1)); unset "COMP_WORDS[$#]"
      _apexkv; echo "${COMPREPLY[*]}"' _ apexkv "$@")" = "$wanted" ]
  }
  wanted=scan
  check 'it completes a command' completes s sca
  wanted=--prefix
  check 'and an option of one' completes -o a.b=c s scan --pre
  check 'behind an option as bash takes it apart' completes --option = a.b = c s scan --pre
  mkdir 'a store'
  wanted='a store'
  check 'a folder whose name has a blank' completes a
  rmdir 'a store'
  wanted=completion
  check 'a file of settings' completes -c compl
fi
check '--version' exits 0 --version
check '--version prints one line' grep -Eqx 'apexkv [0-9]+\.[0-9]+\.[0-9]+' out

# ---- stores that cannot be used
mkdir other
: >other/file
check 'a folder that holds something else is refused' exits 3 other put a b
check 'and left alone' [ "$(ls other)" = file ]
: >plain
check 'a file is no store' exits 3 plain get a

mkfifo locked release
flock t/LOCK sh -c 'echo yes >locked; cat release' >/dev/null &
holder=$!
cat locked >/dev/null
check 'put on a locked store exits 3' exits 3 t put a b
check 'delete on a locked store exits 3' exits 3 t delete a/1
check 'checkpoint of a locked store exits 3' absent held exits 3 t checkpoint held
check 'get reads beside the holder' prints 'v-a/1' t get a/1
echo now >release
wait "$holder"
check 'the lock is free again' exits 0 t put a/1 v-a/1

# ---- damage
i=0
while [ "$i" -lt 8 ]; do
  head -c 3000 random >part
  "$apexkv" -o memtable.max_size=4k -o sstable.compression=none d put "key$i" - <part
  i=$((i + 1))
done
table=$(find d -name '*.sst' | sort | head -n 1)
check 'small memtables make tables' [ -n "$table" ]
check 'a sound store verifies' exits 0 d verify
if [ -n "$table" ]; then
  cp "$table" whole
  printf 'XXXX' | dd of="$table" bs=1 seek=1000 conv=notrunc 2>/dev/null
  check 'verify finds damage and exits 4' exits 4 d verify
  check 'and names the file' grep -q "$(basename "$table")" err
  check 'scan does not serve it' exits 4 d scan
  cp whole "$table"
  check 'the table put back, all is well' exits 0 d verify
  rm "$table"
  check 'a missing table is damage' exits 4 d verify
  cp whole "$table"
fi
check 'salvage of a sound store loses nothing' prints_like 'records=8 .* losses=0' d salvage d1
check 'what it wrote verifies' exits 0 d1 verify
check 'and holds the same' same_scan d d1
check 'salvage into a folder that holds something is refused' refuses 'not empty' 2 d salvage d1
check 'and into the store itself' refuses 'lies in' 2 d salvage d/inside
check 'and without a folder' exits 2 d salvage
check 'a folder that is no store cannot be salvaged' absent other/LOCK exits 3 other salvage d2
if [ -n "$table" ]; then
  printf 'XXXX' | dd of="$table" bs=1 seek=1000 conv=notrunc 2>/dev/null
  run d salvage d2
  check 'salvage of a damaged store exits 4' [ "$status" -eq 4 ]
  check 'names file, offset and key of the loss' \
    grep -Eq "^apexkv: lost: $(basename "$table"): offset [0-9]+: .*\"key[0-9]\"" err
  check 'and counts' grep -Eq 'records=7 .* losses=1$' out
  check 'what could be read is in the new store' prints_lines 7 d2 scan --keys
  check 'the damaged one is as it was' exits 4 d verify
  cp whole "$table"
fi
printf 'garbage' >d/CURRENT
check 'a damaged CURRENT exits 4' exits 4 d get key1
run d salvage d3
check 'salvage does without it, and says so' [ "$status" -eq 4 ]
check 'and loses nothing' same_scan d1 d3

# Closed descriptors must not become the store's: what is printed would end in its files.
rm -rf d
"$apexkv" d put key value <&- >&- 2>&-
"$apexkv" d put <&- >&- 2>&-
"$apexkv" d scan <&- >&- 2>&-
check 'with all standard descriptors closed a put is a put' prints value d get key
check 'and nothing is printed into the store' exits 0 d verify

finish
