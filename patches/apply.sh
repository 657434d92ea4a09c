#!/usr/bin/env bash
# Applies the patches that are for a source tree of FFmpeg:
#
#   patches/apply.sh TREE              all of them, see patches/series
#   patches/apply.sh TREE PATCH...     those whose file names begin with one of these
#
# Each applies without fuzz or not at all. What was applied stands in TREE/.wmpush-patches, and is
# left out the next time.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=patches/sources.sh
. "$here/sources.sh"

if [ $# = 0 ] || [[ $1 == -* ]]; then
  echo "usage: patches/apply.sh TREE [PATCH...]" >&2
  exit 2
fi
tree=$1
shift
line=$(line_of "$tree")
applied=$tree/.wmpush-patches

if [ ! -e "$applied" ] && grep -q libwmpush "$tree/configure"; then
  echo "$tree has the protocol already, not by this script: it is left as it is." >&2
  exit 1
fi

# wanted PATCH: whether it is among those named on the command line.
wanted() {
  local prefix
  [ ${#chosen[@]} -gt 0 ] || return 0
  for prefix in "${chosen[@]}"; do
    [[ $1 == "$prefix"* ]] && return 0
  done
  return 1
}

chosen=("$@")
count=0
while read -r name versions; do
  [[ $name != '#'* && " $versions " == *" $line "* ]] || continue
  wanted "$name" || continue
  count=$((count + 1))
  if grep -qsxF "$name" "$applied"; then
    continue
  fi
  patch -d "$tree" -p1 --fuzz=0 --forward --no-backup-if-mismatch --quiet <"$here/$name" ||
    { echo "$name does not apply to $tree" >&2; exit 1; }
  echo "$name" >>"$applied"
  echo "  $name"
done <"$here/series"
if [ $count = 0 ]; then
  echo "There is no such patch for FFmpeg $line." >&2
  exit 1
fi
