#!/usr/bin/env bash
# Runs one libFuzzer target from a copy of its committed corpus:
#
#   tests/fuzz/run.sh SECONDS TARGET
#
# TARGET is the program. The order of the mutations is always the same. Prints a line: runs, runs a
# second, edges covered. With a finding it prints that instead, leaves the input beside the program,
# and exits with 1.
set -uo pipefail
seconds=$1 target=$2
name=$(basename "$target")
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
cp -r "$here/corpus/$name/." "$work/corpus" 2>/dev/null

# Weighing inputs by their rare features (-entropic) takes half of the time with the large targets.
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TMPDIR=$work \
  "$target" -seed=1 -entropic=0 -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -max_len=4096 \
  -artifact_prefix="$target-" "$work/corpus" >"$work/log" 2>&1
status=$?
if [ $status != 0 ]; then
  grep -v '^#[0-9]* *\(NEW\|REDUCE\|pulse\|RELOAD\)' "$work/log" | tail -n 60
  echo "$name: a finding (exit status $status)"
  exit 1
fi
value() { sed -n "s/^stat::$1: *//p" "$work/log"; }
edges=$(grep -o 'cov: [0-9]*' "$work/log" | tail -n 1)
echo "$name: $(value number_of_executed_units) runs, $(value average_exec_per_sec)/s," \
  "${edges#cov: } edges, $(value peak_rss_mb) MiB"
