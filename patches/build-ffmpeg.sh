#!/usr/bin/env bash
# Builds an FFmpeg that pushes:
#
#   patches/build-ffmpeg.sh VERSION|SOURCE_DIR [--prefix PREFIX] [configure options...]
#
# VERSION is 4.3, 5.1, 7.1, 8.1 or 9.0: the release comes from Debian's source packages. SOURCE_DIR is
# a source tree of one of these; it is patched, and built in place.
#
# Without configure options the build is small: the ASF and test muxers, the Windows Media codecs,
# picture and tone to test with. Options replace these; --enable-libwmpush is always added.
#
# With --prefix the result is installed there. libwmpush is taken from where pkg-config finds it, or
# else built and installed into a prefix next to the trees.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=patches/sources.sh
. "$here/sources.sh"

usage() {
  sed -n 's/^# \{0,1\}//; 3,4p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
say() { printf '== %s\n' "$*"; }

[ $# -gt 0 ] && [[ $1 != -* ]] || usage
what=$1 prefix=
shift
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --prefix=*) prefix=${1#*=} ;;
    --prefix)
      [ $# -gt 1 ] || usage
      prefix=$2
      shift
      ;;
    *) options+=("$1") ;;
  esac
  shift
done

for tool in gcc make patch pkg-config; do
  command -v "$tool" >/dev/null || { echo "$tool is needed, and missing." >&2; exit 1; }
done

if [ -d "$what" ]; then
  tree=$(readlink -f "$what")
  line=$(line_of "$tree")
else
  suites_of "$what" >/dev/null || { echo "'$what' is neither a directory nor one of ${ffmpeg_versions[*]}." >&2; exit 2; }
  line=$what
  tree=$ffmpeg_dir/ffmpeg-$line
  if [ ! -e "$tree/RELEASE" ]; then
    rm -rf "$tree.part"
    unpack_release "$line" "$tree.part"
    mv "$tree.part" "$tree"
  fi
fi

say "The sources are in $tree (FFmpeg $(cat "$tree/RELEASE"))"
"$here/apply.sh" "$tree"

if ! pkg-config --exists 'libwmpush >= 0.1.0'; then
  own=$ffmpeg_dir/libwmpush
  find_own() {
    local file
    file=$(find "$own" -name libwmpush.pc 2>/dev/null | head -n 1)
    [ -n "$file" ] && PKG_CONFIG_PATH=$(dirname "$file")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
  }
  # Also when it is there: the library may have changed since.
  say "Building libwmpush for $own"
  cmake -S "$here/.." -B "$ffmpeg_dir/build-libwmpush" -DCMAKE_BUILD_TYPE=Release \
    -DWMPUSH_TOOLS=OFF -DWMPUSH_WRAPPER=OFF >"$ffmpeg_dir/libwmpush.log"
  { cmake --build "$ffmpeg_dir/build-libwmpush" --parallel "$(nproc)" &&
    cmake --install "$ffmpeg_dir/build-libwmpush" --prefix "$own"; } >>"$ffmpeg_dir/libwmpush.log" 2>&1 ||
    { tail -n 20 "$ffmpeg_dir/libwmpush.log" >&2; exit 1; }
  find_own
  export PKG_CONFIG_PATH
fi
libdir=$(readlink -f "$(pkg-config --variable=libdir libwmpush)")

if [ ${#options[@]} = 0 ]; then
  # shellcheck disable=SC2054  # the commas are configure's
  options=(--disable-everything --disable-autodetect --disable-doc --disable-x86asm --disable-debug
    --disable-ffplay --enable-indev=lavfi
    --enable-filter=testsrc2,sine,scale,aresample,format,aformat,null,anull,fps,setpts,asetpts,trim,atrim
    --enable-encoder=wmv1,wmv2,msmpeg4v3,mpeg4,wmav1,wmav2,wrapped_avframe,pcm_s16le,rawvideo
    --enable-decoder=wmv1,wmv2,msmpeg4v3,mpeg4,h264,wmav1,wmav2,wrapped_avframe,pcm_s16le,rawvideo
    --enable-parser=h264,mpeg4video
    --enable-muxer=asf,asf_stream,tee,fifo,segment,null,data,framecrc,framemd5
    --enable-demuxer=asf,mmst,data,mov,concat
    --enable-protocol=file,pipe,tcp,http,mmsh --enable-bsf=null)
fi
options+=(--enable-libwmpush --enable-protocol=libwmpush --enable-protocol=libwmpushs "--extra-ldflags=-Wl,-rpath,$libdir")
[ -z "$prefix" ] || options+=("--prefix=$prefix")
if command -v ccache >/dev/null; then
  options+=("--cc=ccache gcc")
fi

cd "$tree"
wanted=$(printf '%q ' "${options[@]}")
if [ "$wanted" != "$(cat .wmpush-configured 2>/dev/null)" ] || [ ! -e ffbuild/config.mak ] ||
  [ configure -nt ffbuild/config.mak ]; then
  say "Configuring"
  ./configure "${options[@]}" >.wmpush-configure.log 2>&1 ||
    { tail -n 20 .wmpush-configure.log >&2; exit 1; }
  echo "$wanted" >.wmpush-configured
fi
say "Building"
make -j"$(nproc)" >.wmpush-make.log 2>&1 || { grep -E 'error|Error' .wmpush-make.log >&2; exit 1; }
ffmpeg=$tree/ffmpeg
if [ -n "$prefix" ]; then
  make install >>.wmpush-make.log 2>&1
  ffmpeg=$prefix/bin/ffmpeg
fi
"$ffmpeg" -v error -protocols | grep -qw wmpush ||
  { echo "$ffmpeg was built, but has no protocol wmpush." >&2; exit 1; }

say "Done: $("$ffmpeg" -version | head -n 1)"
cat <<TEXT
Push, for example, a test picture and tone:
  $ffmpeg -re -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine \\
    -c:v wmv2 -b:v 1M -c:a wmav2 -t 10 -f asf wmpush://localhost:8080/live
to a publishing point, such as the one that this command is:
  wmpush serve --listen localhost:8080
The options are explained by:
  $ffmpeg -h protocol=wmpush
TEXT
