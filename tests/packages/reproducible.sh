#!/usr/bin/env bash
# Builds the packages twice, in different folders and at different times, and compares them.
# reproducible.sh [--quick] [DIRECTORY]
#
# DIRECTORY has the packages of a first build already; --quick is for tools/build-packages.sh.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

build=(tools/build-packages.sh)
[ "${1:-}" != --quick ] || { build+=(--quick); shift; }
first=${1:-}
if [ -z "$first" ]; then
  first=$scratch/first
  "${build[@]}" "$first" >"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log"; exit 1; }
fi
# What a cache has kept would be the same, however it was built. The folder's name is longer, too.
mkdir -p "$scratch/a longer name"
TMPDIR="$scratch/a longer name" CCACHE_DISABLE=1 "${build[@]}" "$scratch/second" \
  >"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log"; exit 1; }

status=0 count=0
for package in "$first"/*.deb; do
  count=$((count + 1))
  name=$(basename "$package")
  if cmp "$package" "$scratch/second/$name"; then
    echo "$name: the same"
  else
    status=1
    for part in "$package" "$scratch/second/$name"; do
      rm -rf "$scratch/tree"
      dpkg-deb --raw-extract "$part" "$scratch/tree"
      (cd "$scratch/tree" && find . -type f -exec sha256sum {} + | sort -k 2)
    done | sort | uniq -u
  fi
done
[ "$count" -ge 6 ] || { echo "there are $count packages in $first"; exit 1; }
exit $status
