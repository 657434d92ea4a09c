#!/usr/bin/env bash
# Builds Debian packages of this tree, and has lintian look at them.
#
#   tools/build-packages.sh [--revision N] [--quick] [DIRECTORY]
#
# DIRECTORY (build/packages) gets the packages, in place of those that are there. They are for the
# release of Debian that this machine has; tools/in-debian.sh makes others.
#
#   --revision N   a version that is higher by "+N", for a package that was changed
#   --quick        for a test: not optimised, and without debugging symbols
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
. tools/packages.sh
. tools/tree.sh

revision=''
while [[ ${1:-} == --* ]]; do
  case $1 in
    --revision)
      revision=${2:?--revision needs a number}
      [[ $revision =~ ^[0-9]+$ ]] || { echo "--revision needs a number, not '$revision'" >&2; exit 2; }
      shift ;;
    --quick)
      export DEB_BUILD_OPTIONS="noopt noautodbgsym ${DEB_BUILD_OPTIONS:-}"
      export DEB_CFLAGS_STRIP=-g DEB_CXXFLAGS_STRIP=-g ;;
    *) break ;;
  esac
  shift
done
if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
  sed -n '2,/^set/ { /^# \{0,1\}/ { s///; p } }' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
directory=${1:-build/packages}
install_missing build package

mkdir -p "$directory"
directory=$(readlink -f "$directory")
scratch=$(mktemp -d --tmpdir wmpush-packages.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
copy_tree "$scratch/wmpush"
[ -z "$revision" ] || sed -i "1s/(\(.*\))/(\1+$revision)/" "$scratch/wmpush/debian/changelog"

# The build has a home of its own, in which no cache of compilers would last.
export CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache} CCACHE_BASEDIR=$scratch CCACHE_NOHASHDIR=1
(cd "$scratch/wmpush" && dpkg-buildpackage -us -uc --build=full)
lintian --fail-on error,warning "$scratch"/*.changes
rm -f "$directory"/*.{deb,dsc,changes,buildinfo,tar.*}
mv "$scratch"/*.* "$directory"
echo "The packages are in $directory."
