# shellcheck shell=bash
# What the project needs of Debian, in one place: for quickstart.sh, test.sh and .ci/run.
# Sourced, not run. `install_missing PURPOSE...` makes sure that everything for a purpose is there.

# purpose | package | how to tell that it is there | why it is needed
# A probe is a command, a file, a header, a pkg-config module, a Python module or the name of a check of
# its own, so that what did not come as a package counts as well.
packages() {
  cat <<'LIST'
build | g++            | command:g++                       | compiles the library and the tools
build | cmake          | command:cmake                     | configures the build
build | ninja-build    | command:ninja                     | runs the build
build | pkg-config     | command:pkg-config                | finds FFmpeg's libraries
build | libboost-dev   | header:boost/beast.hpp            | Asio and Beast, headers only
build | libavformat-dev| module:libavformat                | the AVIO adapter and the preload object
build | libavcodec-dev | module:libavcodec                 | comes with libavformat's headers
build | libavutil-dev  | module:libavutil                  | comes with libavformat's headers
build | libswscale-dev | module:libswscale                 | pictures of what is on air
build | libtomlplusplus-dev | header:toml++/toml.h      | reads the configuration of wmpush serve
build | libssl-dev     | module:libssl                     | TLS, and the hashes of Digest authentication
build | libkrb5-dev    | module:krb5-gssapi                | Negotiate and NTLM authentication
run   | ffmpeg         | command:ffmpeg                    | the program that pushes
package | debhelper    | command:dh                        | builds Debian packages
package | build-essential | file:/usr/share/doc/build-essential | what every build of one relies on, dpkg-buildpackage too
package | lintian      | command:lintian                   | checks them
package | mandoc       | command:mandoc                    | checks the manual
package | zsh          | command:zsh                       | checks its completion
test  | libgtest-dev   | header:gtest/gtest.h              | unit tests
test  | libgmock-dev   | header:gmock/gmock.h              | unit tests
test  | libbenchmark-dev | header:benchmark/benchmark.h    | benchmarks
test  | python3-av     | python:av                         | a second program that pushes by preload
test  | mediainfo      | command:mediainfo                 | reads ASF headers independently of FFmpeg
interop | apache2      | command:apache2                   | a server with every kind of password
interop | apache2-utils | command:htpasswd                 | makes its passwords
interop | libapache2-mod-auth-gssapi | file:/usr/lib/apache2/modules/mod_auth_gssapi.so | its Negotiate and NTLM
interop | gss-ntlmssp  | file:/etc/gss/mech.d/mech.ntlmssp.conf | NTLM, also for who pushes with it
interop | krb5-kdc     | command:krb5kdc                   | a Kerberos realm of the tests' own
interop | krb5-admin-server | command:kadmin.local         | makes its users
interop | krb5-user    | command:kinit                     | gets a ticket
interop | squid        | command:squid                     | a proxy with every kind of password
interop | tinyproxy    | command:tinyproxy                 | a proxy that is a blind pipe
interop | nginx-light  | command:nginx                     | a reverse proxy
interop | haproxy      | command:haproxy                   | a reverse proxy
interop | nftables     | command:nft                       | loses and resets packets on purpose
interop | iproute2     | command:ss                        | kills connections on purpose
interop | prometheus   | command:promtool                  | checks the metrics of wmpush serve
players | mplayer      | command:mplayer                   | a player, by mmsh
players | vlc-bin      | command:cvlc                      | a player, by mmsh and by HTTP
players | vlc-plugin-base | file:/usr/share/doc/vlc-plugin-base | its decoders
players | libmms-dev   | header:libmms/mmsx.h              | what players of GNOME watch mmsh with
players | mpv          | command:mpv                       | a player, by HTTP
gstreamer | gstreamer1.0-tools | command:gst-launch-1.0      | GStreamer as a player, by HTTP
gstreamer | gstreamer1.0-plugins-base | gstreamer:decodebin | its parts
gstreamer | gstreamer1.0-plugins-good | gstreamer:souphttpsrc | its HTTP client
gstreamer | gstreamer1.0-plugins-bad | gstreamer:mpegtsmux   | more of its parts
gstreamer | gstreamer1.0-plugins-ugly | gstreamer:asfdemux   | its ASF demuxer
gstreamer | gstreamer1.0-libav | gstreamer:avdec_wmv2        | its decoders
check | clang          | command:clang++                   | the second compiler
check | libclang-rt-dev | fuzzer                          | libFuzzer, for the fuzz targets
check | clang-tidy     | command:clang-tidy                | mistakes that compilers do not see
check | clang-format   | command:clang-format              | the style of the sources
check | shellcheck     | command:shellcheck                | the style of the scripts
browser | npm         | command:npm                       | gets hls.js for the page of wmpush serve
browser | chromium    | command:chromium                  | a browser that watches
browser | chromium-driver | command:chromedriver          | drives it
chroot | mmdebstrap    | command:mmdebstrap                | makes a bare Debian to try everything in
LIST
}

# Whether clang can link a program of libFuzzer with the sanitizers.
fuzzer_works() {
  echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return 0; }' |
    clang -x c - -fsanitize=fuzzer,address,undefined -o /dev/null 2>/dev/null
}

# is_there PROBE
is_there() {
  local what=${1#*:}
  case $1 in
    command:*) PATH=$PATH:/usr/sbin:/sbin command -v "$what" >/dev/null ;;
    file:*) [ -e "$what" ] ;;
    header:*) [ -e "/usr/include/$what" ] || [ -e "/usr/local/include/$what" ] ;;
    module:*) command -v pkg-config >/dev/null && pkg-config --exists "$what" ;;
    fuzzer) fuzzer_works ;;
    gstreamer:*) command -v gst-inspect-1.0 >/dev/null && gst-inspect-1.0 --exists "$what" ;;
    python:*) /usr/bin/python3 -c "import $what" 2>/dev/null ;;
  esac
}

# Runs a command as root that installs servers, without Debian starting them: tests start their own.
# A policy that is there already stays as it is.
without_starting_services() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
  fi
  "$@"
)

# install_missing PURPOSE...: installs by apt-get what is not there and says what and why. Where it
# cannot, it says what a person has to install and returns 1.
install_missing() {
  local purpose package probe why missing=()
  while IFS='|' read -r purpose package probe why; do
    purpose=${purpose// /} package=${package// /} probe=${probe// /}
    [[ " $* " == *" $purpose "* ]] || continue
    is_there "$probe" && continue
    [ ${#missing[@]} -gt 0 ] || echo "Some packages are missing:"
    printf '  %-17s %s\n' "$package" "${why# }"
    missing+=("$package")
  done < <(packages)
  [ ${#missing[@]} -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)  # nobody is there to type a password
  fi
  local install=(without_starting_services "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends "${missing[@]}")
  if ! command -v apt-get >/dev/null; then
    echo "This machine has no apt-get. Please install what your system calls: ${missing[*]}" >&2
    return 1
  fi
  if [ ${#as_root[@]} -gt 0 ] && { ! command -v sudo >/dev/null || ! "${as_root[@]}" true; }; then
    echo "Installing needs root, and sudo is not to be had here. Please run as root:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "Installing them with apt-get ..."
  local log
  log=$(mktemp)
  # The lists of packages may be missing or old: a second try gets new ones first.
  if "${install[@]}" >"$log" 2>&1 </dev/null ||
    { "${as_root[@]}" apt-get update -q >"$log" 2>&1 </dev/null &&
      "${install[@]}" >>"$log" 2>&1 </dev/null; }; then
    rm -f "$log"
    echo "Installed."
    return 0
  fi
  tail -n 5 "$log" >&2
  rm -f "$log"
  echo "apt-get could not install them. Please install: ${missing[*]}" >&2
  return 1
}

# The second build of the same sources costs little where ccache is installed.
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi
