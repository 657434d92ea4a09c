#!/usr/bin/env bash
# Builds the preset `dev` and runs all tests. Arguments go to ctest: ./test.sh -R Splitter
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. tools/packages.sh

install_missing build run test
echo "== Building the preset dev in build/dev"
cmake --preset dev >/dev/null
cmake --build --preset dev
# What is on this machine is not to be reached through a proxy.
export no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"

# ctest pads every line to the longest name of a test. Here the name stands last, and on a terminal
# a long one is cut.
one_line_a_test() {
  local result='^ *[0-9]+\/[0-9]+ ' columns cut=
  if [ -t 1 ] && columns=$(stty size <&1 2>/dev/null | cut -d ' ' -f 2) && [ "${columns:-0}" -gt 20 ]
  then
    cut="/$result/s/^(.{$((columns - 1))})..*/\1…/"
  fi
  sed -u -E -e '/^ +Start +[0-9]+: /d' \
    -e "s/($result)Test +#[0-9]+: (.*[^ .]) \.{2,} *([^ .].*[^ ]) +([0-9.]+) sec.*/\1\3 \4 s  \2/" \
    -e "$cut"
}

echo "== Running the tests"
ctest --preset dev --parallel "$(nproc)" "$@" | one_line_a_test
