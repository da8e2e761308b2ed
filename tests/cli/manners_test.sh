#!/bin/sh
# apexkv when something is not as it should be: what is refused leaves no store behind, what cannot be
# written is told with its reason, and who asks for help gets it wherever the question stands.
# usage: manners_test.sh BUILD_FOLDER
# Prints TAP lines; the exit status is 0 when all are ok.
. "$(dirname "$0")/lib.sh"

# fed INPUT COMMAND...: the command, `run` or one that calls it, with that input (as printf's %b has it)
fed() {
  printf '%b' "$1" >input
  shift
  "$apexkv" "$@" <input >out 2>err
  status=$?
}

# fed_refuses TEXT STATUS INPUT ARGUMENTS...: that status with that input, and one line that has the text
fed_refuses() {
  text=$1
  wanted=$2
  shift 2
  fed "$@"
  [ "$status" -eq "$wanted" ] || { echo "# status $status, not $wanted"; return 1; }
  [ "$(wc -l <err)" -eq 1 ] && grep -qF -e "$text" err
}

# ---- output that cannot be written
run s put a hello
run s put b world
# told TEXT: the command before it ended with 5 and that text
told() { [ "$status" -eq 5 ] && [ "$(cat err)" = "apexkv: $1" ]; }
closed="standard output: Bad file descriptor"
full="standard output: No space left on device"
for command in 'get a' scan count stats 'export -' --help manual; do
  case $command in -* | manual) store= ;; *) store=s ;; esac
  # shellcheck disable=SC2086 # words
  "$apexkv" $store $command >&- 2>err
  status=$?
  check "$command with a closed standard output exits 5 and says why" told "$closed"
  # shellcheck disable=SC2086 # words
  "$apexkv" $store $command >/dev/full 2>err
  status=$?
  check "$command to a full disk, too" told "$full"
done
"$apexkv" s put c d >&- 2>err
check 'what prints nothing misses nothing' [ $? -eq 0 ]
"$apexkv" s get a 2>&- >out
check 'nor does it where only standard error is closed' [ "$?-$(cat out)" = 0-hello ]
"$apexkv" s put e <&- 2>err
status=$?
check 'a closed standard input is no empty value' told 'standard input: Bad file descriptor'
check 'and puts none' exits 1 s get e
printf 'get a\nput f g\n' | "$apexkv" s repl >/dev/full 2>err
status=$?
check 'a session to a full disk says why' told "$full"
check 'and has done what it was told' prints g s get f
printf 'get a\n' | "$apexkv" s repl >&- 2>err
status=$?
check 'a session with a closed output, too' told "$closed"
for format in kv tsv json nul; do
  run s export /dev/full --format "$format"
  check "export to a full disk names path and reason: $format" told '/dev/full: No space left on device'
done
run many batch 30000
run many export /dev/full
check 'also where the disk is full before the end' told '/dev/full: No space left on device'
run s export none/x
check 'export to where no file can be exits 2' refuses 'none/x: No such file or directory' 2 s export none/x
check 'bench draws no picture after hours of work for nothing' \
  absent n refuses 'none/x.svg: No such' 2 n bench fillseq --plot none/x.svg

# ---- what is refused makes no store
no='none: No such file or directory'
check 'put --file of a missing file' absent n refuses "$no" 2 n put --file none a
check 'put --file of a folder' absent n refuses 's: Is a directory' 2 n put --file s a
check 'put of a bad escape' absent n refuses 'no escape' 2 n put --escape a '\q'
check 'import of a missing file' absent n refuses "$no" 2 n import none
check 'import of a folder' absent n refuses 's: Is a directory' 2 n import s
check 'import of a bad first line' absent n fed_refuses 'input:1: there is no = in the line' 2 'a\n' n import
check 'import of a format that is none' absent n refuses 'no format' 2 n import --format x
check 'batch of a missing file' absent n refuses "$no" 2 n batch none
check 'batch of a folder' absent n refuses 's: Is a directory' 2 n batch s
check 'batch with a bad line' absent n fed_refuses 'standard input:2: delete takes a key' 2 'put a b\ndelete\n' n batch -
check 'load of a missing file' absent n refuses "$no" 2 n load --sorted none
check 'bench --list' absent n prints_like 'fillseq  .*' n bench --list
check 'bench of reads alone' absent n refuses 'readrandom: nothing was filled before; fillrandom does' 2 n bench readrandom
check 'bench of YCSB alone' absent n refuses 'ycsb-a: nothing was filled before; ycsb-load does' 2 n bench fillseq ycsb-a
check 'help' absent n exits 0 n put --help
check 'a setting that is none' absent n refuses 'allowed: ' 2 -o cache.shards=0 n put a b
check 'a store below a folder that is missing' absent n exits 3 n/m put a b
check 'an empty import is one' exits 0 n import /dev/null

# ---- a record that no store takes, behind one that it does
{ echo before=1; head -c 70000 /dev/zero | tr '\0' k; echo '=v'; } >long
check 'a key that is too long stops the import there' sh -c "! '$apexkv' n import long 2>err && grep -q '^apexkv: long:2: ' err"
check 'what was before it is there' prints_like '1' n get --line before

# ---- a session's own input
check 'put - is refused in a session' fed_refuses "standard input, which is this session's; --file F" 2 'put K -\n' s repl
check 'put without a value, too' fed_refuses 'there is no VALUE; --file F' 2 'put K\n' s repl
check 'what put - says puts a dash' prints '' s put K x
fed "put --escape K '\\\\x2d'\nget K\n" s repl
check 'as it says' [ "$(cat out)" = - ]
for command in import 'import -' 'batch -'; do
  check "$command is refused in a session" \
    fed_refuses "standard input is this session's; name a file" 2 "$command\nput x y\n" s repl
done
check 'what follows is run' prints y s get x
fed 'import none\nbatch none\nput --file none k\n' s repl
check 'missing files are told in a session' [ "$status-$(grep -c "^apexkv: $no\$" err)" = 2-3 ]

# ---- help, wherever it is asked for
shows_get() { exits 0 "$@" && grep -q '^usage: .* STORE get .*KEY$' out; }
check 'get --help' shows_get get --help
check 'get -h' shows_get get -h
check '--help get' shows_get --help get
check 'help get' shows_get help get
check 'STORE get --help' shows_get none get --help
check 'STORE help get' shows_get none help get
shows_all() { exits 0 "$@" && grep -q '^usage: .* STORE COMMAND' out; }
check 'STORE --help' shows_all none --help
check 'STORE -h' shows_all none -h
check 'help' shows_all help
check 'STORE help' shows_all none help
check 'help needs no settings' shows_get -o no.such=1 get --help
check 'help about what is none' refuses 'unknown command nonsense' 2 help nonsense
check 'a command without STORE' refuses 'no STORE given, which stands before the command: apexkv STORE get KEY' 2 get
check 'a command in the place of STORE' refuses 'unknown command a; STORE stands before the command: apexkv STORE get' 2 get a
check 'STORE alone' refuses 'no COMMAND given; repl begins a session' 2 s

check 'an option behind the key' refuses '--hex stands behind the key; options stand before it' 2 s get a --hex
check 'an option behind the value' refuses '--file stands behind' 2 s put a b --file
check 'salvage to where no folder can be' refuses 'none/to: No such file or directory' 2 s salvage none/to
check 'and to no name' refuses 'empty' 2 s salvage ''

# ---- a session knows what others call it
fed 'SET K V\nGET K\nget K\nEXISTS K\nDel K\nQUIT\nput never 1\n' s repl
check 'commands in capitals' [ "$status-$(tr '\n' , <out)" = 0-V,V,yes, ]
check 'QUIT quits' exits 1 s get never

# ---- completion
if command -v bash >/dev/null; then
  "$apexkv" complete >completion
  completes() {
    # shellcheck disable=SC2016 # for the other shell
    [ "$(bash -c '. ./completion; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _apexkv
      echo "${COMPREPLY[*]}"' _ apexkv "$@")" = "$wanted" ]
  }
  wanted='get'
  check 'help completes commands' completes help ge
  check 'behind STORE, too' completes s help ge
  wanted='fillseq fillsync'
  check 'bench completes workloads' completes s bench fills
  wanted=--plot
  check 'and options' completes s bench --pl
  wanted=help
  check 'commands without STORE are completed in its place' completes he
  wanted=many
  check 'and folders' completes many
  mkdir he
  wanted='he help'
  check 'both' completes he
  rmdir he
fi

# ---- folders that are no store, and files that are none
mkdir nothing
for command in sst-dump wal-dump manifest-dump 'sst-dump 1' verify scan 'salvage to'; do
  # shellcheck disable=SC2086 # words
  check "$command of a folder that is no store" absent nothing/LOCK refuses 'nothing: there is no store here' 3 nothing $command
  # shellcheck disable=SC2086 # words
  check "$command of a folder that is not there" refuses 'none: ' 3 none $command
done
check 'a table that is not there is named with its path' refuses 's/000099.sst: there is no such file' 3 s sst-dump 99
check 'a log, too' refuses 's/000099.wal: there is no such file' 3 s wal-dump 99
check 'and nothing is printed' [ ! -s out ]
run s flush
check 'the dumps of a new store without tables are empty' prints '' n sst-dump
cp -r s broken
rm broken/CURRENT
check 'a manifest without CURRENT is damage' refuses 'broken: CURRENT is missing' 4 broken manifest-dump
check 'and no obstacle to looking at tables' exits 0 broken sst-dump
for file in CURRENT "$(basename "$(find s -name '*.sst' | head -n 1)")" "$(basename "$(find s -name 'MANIFEST-*')")"; do
  rm -rf broken
  cp -r s broken
  rm "broken/$file"
  mkdir "broken/$file"
  for command in 'get a' 'put a b' verify repl; do
    # shellcheck disable=SC2086 # words
    check "a folder in place of $file: $command exits 4" refuses "$file: not a regular file" 4 broken $command
  done
  run broken salvage saved
  check 'salvage gets past it' [ "$status" -eq 4 ]
  rm -rf saved
done
for file in LOCK RESERVE; do
  rm -rf broken
  cp -r s broken
  rm "broken/$file"
  mkdir "broken/$file"
  check "a folder in place of $file: put exits 4" refuses "$file: " 4 broken put a b
  check 'but reading needs it not' prints hello broken get a
done

# ---- what a crash tears off the newest log is no damage: an opening cuts it off
mkfifo lines
"$apexkv" killed repl <lines >out 2>err &
session=$!
at_exit() { kill -9 "$session" 2>/dev/null; }
exec 3>lines
printf 'put a 1\nput b 2\nput c 3\n' >&3
wait_for_lines() {
  tries=0
  until [ "$("$apexkv" killed count 2>/dev/null)" = 3 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 500 ] || return 1
    sleep 0.02
  done
}
check 'a session puts' wait_for_lines
kill -9 "$session"
wait "$session" 2>/dev/null
exec 3>&-
at_exit() { :; }
log=$("$apexkv" killed wal-dump | awk '$1 == "log" { number = $2 } /^a/ { printf "%06d.wal", number; exit }')
end=$("$apexkv" killed wal-dump "$log" | awk '$1 == "ends_at" { print $2 }')
check 'a log that ends between two records is not torn' prints_like 'ok: .*' killed verify
check 'and nothing is said' [ ! -s err ]
# tear HOW: killed, its last record torn, in `torn`
tear() {
  rm -rf torn saved
  cp -r killed torn
  case $1 in
  flip) printf X | dd of="torn/$log" bs=1 seek=$((end - 1)) conv=notrunc 2>/dev/null ;;
  cut) truncate -s $((end - 2)) "torn/$log" ;;
  zero) dd if=/dev/zero of="torn/$log" bs=1 seek=$((end - 8)) count=8 conv=notrunc 2>/dev/null ;;
  esac
}
for how in flip cut zero; do
  tear "$how"
  check "$how: verify is content" prints_like 'ok: .* log_records=2' torn verify
  check "$how: and tells of it" grep -Eq "^apexkv: $log: offset [0-9]+: the log ends there, with [0-9]+ bytes" err
  check "$how: salvage loses nothing" prints_like 'records=2 .* losses=0' torn salvage saved
  check "$how: and tells of it" grep -Eq "^apexkv: $log: offset [0-9]+: the log ends there, with [0-9]+ bytes" err
  check "$how: what it saved is what an opening has" sh -c "'$apexkv' saved scan >expected && '$apexkv' torn scan | cmp - expected"
  check "$how: a change cuts it off" exits 0 torn put d 4
  check "$how: then there is nothing to tell" sh -c "'$apexkv' torn verify 2>&1 | grep -vq torn"
done
tear flip
run torn put d 4
printf X | dd of="torn/$log" bs=1 seek=$((end - 1)) conv=notrunc 2>/dev/null
for command in verify 'get a' 'put x y'; do
  # shellcheck disable=SC2086 # words
  check "what was closed well is not torn but damaged: $command" refuses "$log: offset" 4 torn $command
done
run torn salvage saved2
check 'salvage counts that as a loss' [ "$status-$(grep -c "^apexkv: lost: $log: offset" err)" = 4-1 ]

# ---- a store that cannot be written
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
  cat >frozen.sh <<'END'
mount --bind s s && mount -o remount,bind,ro s || exit 99
printf 'get a\nput a b\n' | "$1" s repl
END
  unshare --mount sh frozen.sh "$apexkv" >out 2>err
  status=$?
  check 'a session on a read-only disk reads' [ "$status-$(cat out)" = 2-hello ]
  check 'says so' grep -q 'Read-only file system; it can be read all the same' err
  check 'and does not write' grep -q 'put: the store is only read here' err
fi

finish
