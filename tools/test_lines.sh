# shellcheck shell=bash
# How test.sh prints what ctest says. Sourced, not run.

# test_lines [COLUMNS]: ctest pads every line to the longest name of a test. Here the name stands last, and
# a line of more than COLUMNS characters, 0 for any number, is cut. In the lists of tests that failed or were
# skipped it also stands last, without its number.
test_lines() {
  local columns=${1:-0} result='^ *[0-9]+\/[0-9]+ ' cut=
  [ "$columns" -le 20 ] || cut="/$result|^  [A-Z]/s/^(.{$((columns - 1))})..+/\1…/"
  sed -u -E -e '/^ +Start +[0-9]+: /d' \
    -e "s/($result)Test +#[0-9]+: (.*[^ .]) \.{2,} *([^ .].*[^ ]) +([0-9.]+) sec.*/\1\3 \4 s  \2/" \
    -e 's/^[[:space:]]+[0-9]+ - (.*) \(([A-Z][A-Za-z ]*)\)$/  \2  \1/' \
    -e "$cut"
}

# Characters of a line of the terminal on standard output; 0 when there is none.
terminal_columns() {
  local size
  if [ -t 1 ] && size=$(stty size <&1 2>/dev/null); then
    echo "${size#* }"
  else
    echo 0
  fi
}
