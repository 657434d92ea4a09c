#!/usr/bin/env bash
# What test.sh prints of ctest: every line fits, and says how a test went and which it was.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
. tools/test_lines.sh

dots=$(printf '.%.0s' {1..90})
name=ToolCheck.FindsWhatThereIsToFindAndSaysSoInSoManyWordsThatNoTerminalIsWideEnoughForThem
input=$(
  echo "        Start    7: $name"
  echo "   7/2500 Test    #7: $name $dots   Passed    0.10 sec"
  echo "   8/2500 Test    #8: Short.Name $dots***Failed    1.25 sec"
  echo "The following tests FAILED:"
  printf '\t   8 - Short.Name (Failed)\n'
  printf '\t   7 - %s (Skipped)\n' "$name"
)

expect() {
  [ "$1" = "$2" ] || { printf 'expected\n%s\nand got\n%s\n' "$2" "$1" >&2; exit 1; }
}
expect "$(test_lines <<<"$input")" "   7/2500 Passed 0.10 s  $name
   8/2500 ***Failed 1.25 s  Short.Name
The following tests FAILED:
  Failed  Short.Name
  Skipped  $name"
export LC_ALL=C.UTF-8
for columns in 40 60 80; do
  while IFS= read -r line; do
    [ ${#line} -le "$columns" ] || { echo "too long for $columns columns: $line" >&2; exit 1; }
  done < <(test_lines "$columns" <<<"$input")
done
expect "$(test_lines 40 <<<"$input" | tail -n 1)" "  Skipped  ToolCheck.FindsWhatThereIsTo…"
expect "$(terminal_columns)" 0
