#!/usr/bin/env bash
# Builds the preset `dev` and runs all tests. Arguments go to ctest: ./test.sh -R Splitter
#
#   --all    first, installs the servers, proxies and players that some tests run against, too: without
#            them these are skipped
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. tools/packages.sh
. tools/test_lines.sh

purposes=(build run test)
if [ "${1-}" = --all ]; then
  shift
  purposes+=(interop players gstreamer)
  [ "$(id -u)" = 0 ] || echo "Tests that break the network on purpose need root, and are skipped."
fi
install_missing "${purposes[@]}"
echo "== Building the preset dev in build/dev"
cmake --preset dev >/dev/null
cmake --build --preset dev
# What is on this machine is not to be reached through a proxy.
export no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"

echo "== Running the tests"
ctest --preset dev --parallel "$(nproc)" "$@" | test_lines "$(terminal_columns)"
