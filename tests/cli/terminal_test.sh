#!/bin/sh
# apexkv in a terminal (tmux): a session with editing, top at three sizes, the bar of long work, Ctrl-C.
# usage: terminal_test.sh BUILD_FOLDER
# Prints TAP lines; the exit status is 0 when all are ok.
. "$(dirname "$0")/lib.sh"

command -v tmux >/dev/null || { echo '1..0 # SKIP no tmux'; exit 0; }
HOME=$work
LC_ALL=C.UTF-8
SHELL=/bin/sh
export HOME LC_ALL SHELL
unset TMUX
socket=none
close_terminal() { tmux -S "$socket" kill-server 2>/dev/null; }
at_exit() { close_terminal; }

mux() { tmux -S "$socket" -f /dev/null "$@"; }

# terminal COLUMNS ROWS: a new one, with a shell
terminal() {
  close_terminal
  socket=$work/socket.$count # a server that is on its way out may still have the old one
  mux new-session -d -x "$1" -y "$2" "PS1='\$ ' exec sh" && shows '^\$ *$'
}

screen() { mux capture-pane -p; }
type_line() { mux send-keys -l "$1" && mux send-keys Enter; }
key() { mux send-keys "$@"; }

# shows REGEX: within ten seconds a line of the screen is like that; all it shows is in out
shows() {
  tries=0
  until screen >out 2>err && grep -Eq -e "$1" out; do
    tries=$((tries + 1))
    [ "$tries" -lt 500 ] || return 1
    sleep 0.02
  done
}

# shows_not REGEX: no line of the screen is like that, now; for what follows what was waited for
shows_not() {
  screen >out
  ! grep -Eq -e "$1" out
}

# clears: the command of that name leaves a prompt and nothing else
clears() {
  type_line 'clear'
  tries=0
  until screen >out && grep . out >lines && [ "$(wc -l <lines)" -eq 1 ] && grep -Eq '[$>] *$' lines; do
    tries=$((tries + 1))
    [ "$tries" -lt 500 ] || return 1
    sleep 0.02
  done
}

# ---- a session
terminal 80 24
type_line "$apexkv s repl"
check 'a session has a prompt' shows '^apexkv> *$'
type_line 'put user:1 "John Doe"'
type_line 'get user:1'
check 'a value with a blank' shows '^John Doe$'
type_line 'set bin \x00\x01 extra'
check 'a wrong number of words is told' shows '^apexkv: '
type_line 'put line "a\nb"'
type_line 'get line'
check 'a value of two lines is shown as one' shows '^a\\nb$'
type_line 'all'
check 'all shows all' shows '^line +a.nb$'
type_line 'batch 500'
check 'batch N' shows '500 records put'
type_line 'count --prefix batch:'
check 'count' shows '^500$'
check 'clear clears' clears
editing=$("$apexkv" --version >/dev/null && ldd "$apexkv" | grep -c libedit)
if [ "$editing" -gt 0 ]; then
  key Up Up
  check 'the history comes back' shows '^apexkv> count --prefix batch:$'
  key C-a C-k
  mux send-keys -l 'gte user:1'
  key C-a Right Right BSpace
  mux send-keys -l ''
  key C-k
  mux send-keys -l 'et user:1'
  key Enter
  check 'a line can be edited' shows '^John Doe$'
  mux send-keys -l 'get nonsense'
  key C-c
  type_line 'exists user:1'
  check 'Ctrl-C throws the line away' shows '^yes$'
  check 'and does not run it' shows_not 'not found'
fi
type_line 'put naïve "café crème"'
type_line 'get --raw naïve'
check 'letters beyond ASCII' shows '^café crème'
type_line 'demo'
check 'the demo' shows 'apexkv> count --prefix demo/'
type_line 'scan --prefix batch: --raw'
check 'many lines' shows 'batch:000000499.value of record 499'
type_line 'exit'
check 'exit ends it' shows '^\$ *$'
if [ "$editing" -gt 0 ]; then
  check 'the history is kept' grep -q 'John' .apexkv_history
  check 'for the user alone' [ "$(stat -c %a .apexkv_history)" = 600 ]
fi
clears
type_line "$apexkv s repl"
shows '^apexkv> *$'
key C-d
check 'Ctrl-D ends it, too' shows '\$ *$'
type_line 'stty -a | tr ";" "\n" | grep -c "\<isig"'
check 'the terminal is as it was' shows '^1$'

# A session beside a process that has the store.
mkfifo hold
flock s/LOCK sh -c 'cat hold' &
holder=$!
at_exit() { kill "$holder" 2>/dev/null; close_terminal; }
exec 3>hold
clears
type_line "$apexkv s repl"
check 'beside a holder a session only reads' shows '^apexkv \(read-only\)> *$'
type_line 'get user:1'
check 'and does so' shows '^John Doe$'
clears
type_line 'put a b'
check 'but does not write, and says why' shows 'in use'
type_line 'exit'
exec 3>&-
wait "$holder"
at_exit() { close_terminal; }

# ---- top
mkdir mount
# stats N: as a daemon would show them that has done N reads
stats() {
  cat >mount/.next <<END
mem_records 10
total_records 1234567
health ok
memtable_bytes 16777216
memtable_max_bytes 33554432
full_memtables 1
log_files 2
log_bytes 5000000
log_written_bytes $(($1 * 100))
log_syncs 7
last_seqno 100
durable_seqno 90
gets $1
records_written 5
cache_capacity_bytes 67108864
cache_bytes 67108864
cache_hits 90
cache_misses 10
flushes 3
compactions 4
stall_slow 5
stall_stop 6
stall_ns 1500000000
level0_files 2
level0_runs 2
level0_bytes 2048
level0_entries 20
level1_files 3
get_count 9
get_p50_ns 1500
get_p95_ns 2500
get_p99_ns 3500
get_max_ns 4500000
pid 77
END
  mv mount/.next mount/.stats
}
stats 1000
terminal 80 24
type_line "$apexkv top mount"
check 'top: the head' shows '^apexkv top mount   health ok   1.2M records   pid 77'
stats 5000
check 'reads a second, with their history' shows '^reads +[1-9][0-9.k]*/s  *█'
check 'a gauge that is half full' shows '^memtable +\[█{12} {12}\] 16.0 MiB of 32.0 MiB, 1 full ones'
check 'one that is full' shows '^cache +\[█{24}\] .*, 90.0 % hits'
check 'the log, whole' shows '^log +.*/s, [0-9.]+ syncs/s, 10 changes not on disk yet, 4.8 MiB in 2 files$'
check 'stalls' shows '^stalls +[0-9.]+ % of the time now, 5 slow, 6 stopped, 1.50s in all$'
check 'jobs' shows '^jobs +3 flushes, 4 compactions, -/s in, -/s out, - due$'
check 'levels' shows '^ +0 +2 +2 +2.0 KiB +20'
check 'latencies' shows '^get .* 1.5us +2.5us +3.5us +4.5ms$'
check 'the last line tells how to leave' sh -c "tail -n 1 out | grep -q '^q quits'"
check 'what the daemon does not tell is a dash' shows '^requests +-/s'
mux resize-window -x 40 -y 10
check 'at 40 x 10: the end moves up' shows '^q quits'
fits() { [ "$(wc -l <out)" -le "$2" ] && ! grep -Eq ".{$(($1 + 1))}" out; }
check 'it fits' fits 40 10
check 'what has no room is left out whole' shows '^log +.* syncs/s$'
check 'a narrow gauge' shows '^memtable +\[█{6} {6}\]'
mux resize-window -x 120 -y 40
check 'at 120 x 40: all of it again' shows '^get .* 4.5ms$'
check 'it fits, too' fits 120 40
check 'and begins at the top' sh -c "head -n 1 out | grep -q '^apexkv top'"
printf 'health read-only\n' >mount/.stats
check 'a health that is not ok shows' shows 'health read-only   - records'
key q
check 'q quits, and the screen is as it was' shows '^\$ *$'
check 'nothing of it is left' shows_not 'memtable'
stats 1
type_line "$apexkv top mount"
shows 'health ok'
rm mount/.stats
check 'a mount that goes ends it, and is told' shows '^apexkv: mount/.stats: '
stats 1
type_line "clear; sh -c 'trap : INT; $apexkv top mount; echo status \$?'"
shows 'health ok'
key C-c
check 'Ctrl-C leaves it' shows '^status 0$'

# Ctrl-Z, in a shell that has jobs.
terminal 80 24
type_line 'set -m'
type_line "$apexkv top mount"
shows 'health ok'
key C-z
check 'Ctrl-Z stops top, and the screen is the shell'"'"'s' shows 'top mount$'
check 'nothing of it is left' shows_not 'memtable'
type_line 'stty -a | tr " " "\n" | grep -Ecx "icanon|echo"; echo echoed'
check 'the terminal is as it was' shows '^2$'
check 'and shows what is typed' shows 'echo echoed$'
type_line 'fg'
check 'fg shows it again' shows 'health ok'
stats 9000
check 'and it goes on' shows '^reads +[1-9][0-9.k]*/s'
key x
shows 'health ok'
check 'what is typed is not shown' shows_not '^x|q quits.*x'
pid=$(pgrep -nx -f "$apexkv top mount")
kill -STOP "$pid"
check 'stopped from outside it is a job' shows 'Stopped'
sed 's/^health .*/health anew/' mount/.stats >mount/.next
mv mount/.next mount/.stats # what is on the screen from before does not have it
type_line 'stty sane; clear; fg'
check 'fg takes the terminal anew' shows 'health anew'
key q
check 'q quits' shows '\$ *$'
check 'the screen is clean' shows_not 'memtable'
type_line 'clear; stty -a | tr " " "\n" | grep -Ecx "icanon|echo"'
check 'and the terminal as it was' shows '^2$'

# ---- the bar of long work
# read_slowly_until REGEX: standard input, slowly until a line of the screen, which is in bar, is like that
read_slowly_until() {
  tries=0
  until screen 2>/dev/null | tee bar | grep -Eq "$1"; do
    tries=$((tries + 1))
    [ "$tries" -lt 500 ] || break
    dd bs=4096 count=1 2>/dev/null >/dev/null
    sleep 0.02
  done
  cat >/dev/null
}
terminal 80 24
mkfifo pipe
"$apexkv" big batch 20000 2>/dev/null
type_line "$apexkv big export pipe; echo status \$?"
read_slowly_until '^export \[=*> *\] +[0-9]+% [0-9.]+k?, .*/s, .* left' <pipe
check 'export shows a bar with share, rate and time left' grep -Eq '^export \[=*> *\]' bar
check 'at its end it is taken away' shows '^apexkv: exported 20000 records'
check 'the status is 0' shows '^status 0$'
check 'nothing of the bar is left' shows_not '^export \['

# The share is one of the range, not of the store.
"$apexkv" big flush
clears
type_line "$apexkv big export pipe --from batch:000015000 --limit 4000; echo status \$?"
read_slowly_until '^export \[=+> *\] +[0-9]+% [1-3][0-9.]+k, ' <pipe
# of 1.x to 3.x thousand records of 4000 the share is a fourth to all
check 'the share of a range is one of the range' grep -Eq '^export .* (2[5-9]|[3-9][0-9]|100)% [1-3]' bar
check 'and it ends' shows '^apexkv: exported 4000 records'

# A compaction that there is time to watch: all of it is the command's.
"$apexkv" -o compaction.threads=0 -o memtable.max_size=256k many bench --num 60000 fillrandom overwrite >/dev/null 2>&1
clears
type_line "sh -c 'trap : INT; $apexkv -o compaction.rate_limit=1m many compact; echo status \$?'"
check 'compact shows how far it is' shows '^compact \[=*> *\] +[0-9]+% [0-9.]+ [KM]iB, .*/s, .* left'
key C-c
check 'Ctrl-C stops it, and it says what there is' shows '^apexkv: compact: stopped by a signal after [0-9.]+ [KM]iB; the levels that are done'
check 'soon, with its status' shows '^status 130$'
check 'that store is sound' exits 0 many verify
clears
type_line "sh -c 'trap : INT; $apexkv many salvage saved; echo status \$?'"
check 'salvage shows its end' shows '^records=[0-9]+ .* losses=0'

# Ctrl-C stops an import that would have no end.
clears
type_line "sh -c 'trap : INT; yes k=v | $apexkv endless import -; echo status \$?'"
check 'import without an end shows what it did' shows '^import [0-9.]+[kM]?, .*/s'
key C-c
check 'Ctrl-C stops it, which is told' shows '^apexkv: import: stopped by a signal; [0-9]+ records are imported'
check 'with its status' shows '^status 130$'
check 'the store is sound' exits 0 endless verify

finish
