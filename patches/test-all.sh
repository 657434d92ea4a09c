#!/usr/bin/env bash
# Builds patched versions of FFmpeg and pushes with them:
#
#   patches/test-all.sh [--build DIR] [--only-if-fetched] [VERSION...]
#
# Without a VERSION all are tested: 4.3, 5.1, 7.1, 8.1 and 9.0. What runs are the tests of tests/ffmpeg
# that are about pushing, with the patched ffmpeg in place of ffmpeg-wmpush, and those about the ASF
# muxer. DIR is a build with WMPUSH_DEVELOPER=ON, by default build/dev. With --only-if-fetched a
# version whose sources are not there is skipped (exit status 77 when that leaves none).
#
# It ends with a table. Exit status: 0 when all versions were built and passed.
set -uo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=patches/sources.sh
. "$here/sources.sh"

build=$here/../build/dev only_if_fetched='' versions=()
while [ $# -gt 0 ]; do
  case $1 in
    --build)
      build=${2:?--build needs a directory}
      shift
      ;;
    --only-if-fetched) only_if_fetched=yes ;;
    -*)
      sed -n 's/^# \{0,1\}//; 4p' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
    *) versions+=("$1") ;;
  esac
  shift
done
[ ${#versions[@]} -gt 0 ] || versions=("${ffmpeg_versions[@]}")
for program in ffmpeg_push patched_ffmpeg; do
  if [ ! -x "$build/bin/$program" ]; then
    echo "$build/bin/$program is missing: cmake --preset dev && cmake --build --preset dev" >&2
    exit 1
  fi
done

# What is about the preload object, or about the library through another door.
not_for_it='Launcher.*:Python.*:OtherLibavformat.*:PreloadObject.*:Avio.*:Averror.*:Secrets.*:Secret*'
not_for_it+=':*.ThroughTheAvioAdapter/*:*.ThroughTheCInterface/*'
# The user's word counts there: the preload object does not know of it.
not_for_it+=':*OfATeeThatIgnoresFailures*:LeftOut.*'
# ffmpeg prints its outputs' URLs itself, and knows no format by the scheme of a URL.
not_for_it+=':Password.*:*AFormatThatIsLeftOut*'

# suite VERSION FFMPEG PROGRAM FILTER: runs it and prints "PASSED/RUN".
suite() {
  local log=$ffmpeg_dir/$1-$3.log
  WMPUSH_TEST_FFMPEG=$2 "$build/bin/$3" --gtest_filter="$4" --gtest_brief=1 >"$log" 2>&1
  local status=$? run passed
  run=$(sed -n 's/^\[==========\] \([0-9]*\) tests\{0,1\} from .* ran.*/\1/p' "$log")
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}.*/\1/p' "$log")
  echo "${passed:-0}/${run:-0}"
  if [ $status != 0 ] || [ "${run:-0}" = 0 ]; then
    sed -n 's/^\[  FAILED  \] /  failed: /p' "$log" | sort -u >&2
    return 1
  fi
}

# example VERSION TREE: compiles example/ with the protocol that is in the tree, and runs it.
example() {
  local program=$ffmpeg_dir/$1-example log=$ffmpeg_dir/$1-example.log flags rpath
  rpath=$(sed -n 's/^LDFLAGS=.*\(-Wl,-rpath,[^ ]*\).*/\1/p' "$2/ffbuild/config.mak")
  flags=$(PKG_CONFIG_PATH=$2/doc/examples/pc-uninstalled:${PKG_CONFIG_PATH:-} pkg-config --static \
    --cflags --libs libavformat-uninstalled libavcodec-uninstalled libavutil-uninstalled)
  # shellcheck disable=SC2086  # each flag is a word of its own
  if gcc -I"$2" "$here/../example/push_test_picture.c" -o "$program" $flags \
    "$rpath" >"$log" 2>&1 &&
    "$here/../tests/urlprotocol/example_test.sh" "$program" "$build/bin/wmpush" \
      "$ffmpeg_dir/$1-example.dir" >>"$log" 2>&1; then
    echo passed
  else
    tail -n 5 "$log" >&2
    echo FAILED
    return 1
  fi
}

table=('version | release | build | pushing | live muxer | example')
failed='' tested=0
for version in "${versions[@]}"; do
  if [ -n "$only_if_fetched" ] && [ ! -e "$ffmpeg_dir/ffmpeg-$version/RELEASE" ] &&
    ! find "$ffmpeg_dir/tarballs" -name "ffmpeg_$version*" 2>/dev/null | grep -q .; then
    echo "The sources of FFmpeg $version are not in $ffmpeg_dir: skipped"
    continue
  fi
  tested=$((tested + 1))
  start=$SECONDS
  if ! "$here/build-ffmpeg.sh" "$version"; then
    table+=("$version | | FAILED | | |")
    failed=yes
    continue
  fi
  tree=$ffmpeg_dir/ffmpeg-$version
  seconds=$((SECONDS - start))
  pushing=$(suite "$version" "$tree/ffmpeg" ffmpeg_push "-$not_for_it") || failed=yes
  live=$(suite "$version" "$tree/ffmpeg" patched_ffmpeg '*') || failed=yes
  program=$(example "$version" "$tree") || failed=yes
  table+=("$version | $(cat "$tree/RELEASE") | $seconds s | $pushing | $live | $program")
done

echo
date -u '+%Y-%m-%d'
printf '%s\n' "${table[@]}" | column -t -s '|' -o '|'
[ $tested != 0 ] || exit 77
[ -z "$failed" ]
