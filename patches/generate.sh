#!/usr/bin/env bash
# Makes the patches that add the protocol to FFmpeg, from wrapper/urlprotocol/ and the edits below:
#
#   patches/generate.sh           writes patches/0001-*.patch
#   patches/generate.sh --check   says whether they are what it would write; exit status 77 when
#                                 the sources that it needs have not been fetched
#
# A patch serves several versions where its hunks fit all of them without fuzz; for that a hunk may
# have fewer lines of context than three.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=patches/sources.sh
. "$here/sources.sh"
source_dir=$here/../wrapper/urlprotocol

check=
if [ "${1:-}" = --check ]; then
  check=yes
  for version in "${ffmpeg_versions[@]}"; do
    if ! find "$ffmpeg_dir/tarballs" -name "ffmpeg_$version*" 2>/dev/null | grep -q .; then
      echo "The sources of FFmpeg $version are not in $ffmpeg_dir: skipped"
      exit 77
    fi
  done
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

edited=(configure libavformat/Makefile libavformat/protocols.c doc/protocols.texi Changelog)

# before FILE LINE TEXT: puts TEXT before the first line that begins with LINE.
before() {
  TEXT=$3 awk -v line="$2" '!done && index($0, line) == 1 { print ENVIRON["TEXT"]; done = 1 }
    { print } END { exit !done }' "$1" >"$1.new" ||
    { echo "$1 has no line that begins with '$2'" >&2; return 1; }
  cat "$1.new" >"$1"
  rm "$1.new"
}

# edit TREE: the protocol, in the tree.
edit() {
  local tree=$1 general
  general=$(general_texi "$tree")
  before "$tree/configure" "  --enable-libx264 " \
    "  --enable-libwmpush       enable Windows Media push via libwmpush [no]"
  # The library behind libwebp differs from version to version.
  sed -i 's/^    libwebp$/&\n    libwmpush/' "$tree/configure"
  before "$tree/configure" 'libzmq_protocol_deps=' $'libwmpush_protocol_deps="libwmpush"\nlibwmpush_protocol_select="network"\nlibwmpushs_protocol_deps="libwmpush"\nlibwmpushs_protocol_select="network"'
  before "$tree/configure" 'enabled libx264 ' \
    'enabled libwmpush         && require_pkg_config libwmpush "libwmpush >= 0.1.0" wmpush/wmpush.h wmpush_open'
  before "$tree/libavformat/Makefile" 'OBJS-$(CONFIG_LIBZMQ_PROTOCOL)' \
    $'OBJS-$(CONFIG_LIBWMPUSH_PROTOCOL)        += libwmpush.o\nOBJS-$(CONFIG_LIBWMPUSHS_PROTOCOL)       += libwmpush.o'
  before "$tree/libavformat/protocols.c" 'extern const URLProtocol ff_libzmq_protocol;' \
    $'extern const URLProtocol ff_libwmpush_protocol;\nextern const URLProtocol ff_libwmpushs_protocol;'
  before "$tree/doc/protocols.texi" '@section zmq' "$(sed '/^@c \(begin\|end\) options$/d' "$source_dir/wmpush.texi")"$'\n'
  before "$tree/$general" '@item ZMQ ' $'@item WMPUSH       @tab E\n@item WMPUSHS      @tab E'
  before "$tree/$general" '@section x264' \
'@section libwmpush

FFmpeg can push live ASF to Windows Media publishing points through libwmpush.

Install libwmpush, then pass @code{--enable-libwmpush} to configure to enable it.
'
  cp "$source_dir/libwmpush.c" "$tree/libavformat/libwmpush.c"
}

general_texi() {
  if [ -e "$1/doc/general_contents.texi" ]; then
    echo doc/general_contents.texi
  else
    echo doc/general.texi
  fi
}

# generate OUTPUT VERSION...: a patch made from the first version that fits all of them.
generate() {
  local output=$1 file lines version
  shift
  for version in "$@"; do
    [ -d "$scratch/$version" ] && continue
    mkdir -p "$scratch/$version"
    unpack_release "$version" "$scratch/$version" "${edited[@]}" doc/general.texi \
      doc/general_contents.texi 2>"$scratch/tar.log" || [ -e "$scratch/$version/configure" ] ||
      { cat "$scratch/tar.log" >&2; return 1; }
    git -C "$scratch/$version" init -q
    git -C "$scratch/$version" add -A
  done
  edit "$scratch/$1"
  git -C "$scratch/$1" add -N .
  {
    cat <<'MESSAGE'
From: The wmpush project <wmpush@invalid>
Subject: [PATCH] avformat: add the Windows Media push protocol via libwmpush

It pushes a live ASF stream to a publishing point of Windows Media Services by
the push half of MS-WMHTTP, as Windows Media Encoder did. Closing the output
ends the session, and succeeds only when the server took the end of the stream.
---
MESSAGE
    # No diff would leave the name of the release, which is in the next line, out of its context.
    cat <<'CHANGELOG'
diff --git a/Changelog b/Changelog
--- a/Changelog
+++ b/Changelog
@@ -2,2 +2,5 @@
 releases are sorted from youngest to oldest.
+
+version <next>:
+- Windows Media push protocol via libwmpush
 
CHANGELOG
    for file in $(git -C "$scratch/$1" diff --name-only); do
      for lines in 3 2 1; do
        git -C "$scratch/$1" diff --no-color --abbrev=12 -U$lines -- "$file" >"$scratch/hunk"
        for version in "${@:2}"; do
          git -C "$scratch/$version" apply --check "$scratch/hunk" 2>/dev/null || continue 2
        done
        break
      done
      cat "$scratch/hunk"
    done
    echo "-- "
    echo wmpush
  } >"$scratch/patch"
  git -C "$scratch/$1" checkout -q -- .
  rm "$scratch/$1/libavformat/libwmpush.c"
  git -C "$scratch/$1" reset -q
  git -C "$scratch/$1" add -A
  for version in "$@"; do
    git -C "$scratch/$version" apply --check "$scratch/patch"
  done
  if [ -n "$check" ]; then
    cmp "$scratch/patch" "$here/$output" || { echo "$output is old: run patches/generate.sh" >&2; return 1; }
  else
    cp "$scratch/patch" "$here/$output"
    echo "$output: for FFmpeg $*"
  fi
}

status=0
generate 0001-libwmpush-4.3.patch 4.3 || status=1
generate 0001-libwmpush-5.1.patch 5.1 || status=1
generate 0001-libwmpush-7.1.patch 7.1 8.1 9.0 || status=1
exit $status
