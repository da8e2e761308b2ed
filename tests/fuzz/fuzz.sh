#!/bin/sh
# Runs one fuzz target by libFuzzer for FUZZ_SECONDS (60), from its seeds and its corpus, and says
# how it went in TAP. Inputs that broke it are left in BUILD/artifacts.
#
# usage: fuzz.sh TARGET BUILD CORPUS
# environment: FUZZ_SECONDS; APEX_SEED, else the seed is drawn and printed
set -eu
name=$1
build=$2
corpus=$3
seconds=${FUZZ_SECONDS:-60}
seed=${APEX_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$build/artifacts" "$scratch/found"
"$build/${name}_replay" --write "$scratch/found"
[ ! -d "$corpus" ] || cp "$corpus"/* "$scratch/found"

echo "# APEX_SEED=$seed FUZZ_SECONDS=$seconds"
# libFuzzer takes 0 for a seed of its own drawing
ok=ok
"$build/${name}_fuzz" -max_total_time="$seconds" -seed="$((seed % 4294967295 + 1))" -timeout=20 \
  -rss_limit_mb=1024 -malloc_limit_mb=64 -max_len=16384 -print_final_stats=1 \
  -artifact_prefix="$build/artifacts/$name-" "$scratch/found" > "$scratch/log" 2>&1 || ok="not ok"

if [ "$ok" != ok ]; then
  tail -n 80 "$scratch/log" | sed 's/^/# /'
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")
edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$scratch/log" | tail -n 1)
echo "$ok 1 - $name: ${runs:-?} inputs in $seconds s, ${edges:-?} edges covered"
echo 1..1
