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
echo "== Running the tests"
exec ctest --preset dev --parallel "$(nproc)" "$@"
