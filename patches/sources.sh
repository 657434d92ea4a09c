# shellcheck shell=bash
# Where the sources of FFmpeg come from: Debian's source packages, through lists of apt's own that
# are kept apart from the system's. Sourced, not run.
#
# WMPUSH_FFMPEG_DIR      where lists, tarballs, trees and builds are kept; default build/ffmpeg
# WMPUSH_DEBIAN_MIRROR   the archive; default: the one that this system's own packages come from

ffmpeg_dir=${WMPUSH_FFMPEG_DIR:-$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/ffmpeg}
mkdir -p "$ffmpeg_dir"
ffmpeg_dir=$(readlink -f "$ffmpeg_dir")

ffmpeg_versions=(4.3 5.1 7.1 8.1 9.0)

# The suites that have a version, oldest first. Debian's unstable ones move on: 8.1 and 9.0 are
# looked for in both.
suites_of() {
  case $1 in
    4.3) echo bullseye ;;
    5.1) echo bookworm ;;
    7.1) echo trixie ;;
    8.1 | 9.0) echo forky sid ;;
    *) return 1 ;;
  esac
}

# The archive of this system's own packages, which has the sources of the other suites as well.
system_mirror() {
  # shellcheck disable=SC2016  # the fields are apt's
  apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/^Debian //p' | head -n 1
}

# private_apt SUITES COMMAND...: apt-get or apt-cache, which see nothing but these suites' sources.
private_apt() {
  local suites=$1 command=$2 apt suite
  shift 2
  apt=$ffmpeg_dir/apt-${suites// /-}
  if [ ! -s "$apt/sources.list" ]; then
    local mirror=${WMPUSH_DEBIAN_MIRROR:-$(system_mirror)}
    if [ -z "$mirror" ]; then
      echo "Which archive has the sources? Run apt-get update, or set WMPUSH_DEBIAN_MIRROR." >&2
      return 1
    fi
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    for suite in $suites; do
      echo "deb-src $mirror $suite main"
    done >"$apt/sources.list"
  fi
  "$command" -q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" \
    -o APT::Sandbox::User="$(id -un)" "$@"
}

# package_version VERSION: the newest version of Debian's package that is of this FFmpeg.
package_version() {
  private_apt "$(suites_of "$1")" apt-cache madison ffmpeg 2>/dev/null |
    awk -v version="$1" '$3 ~ "^7:" version "[.-]" { print $3 }' | sort -V | tail -n 1
}

# fetch_tarball VERSION: prints the path of the release's tarball, which apt has verified.
fetch_tarball() {
  local version=$1 suites package tarballs=$ffmpeg_dir/tarballs log=$ffmpeg_dir/apt.log found
  suites=$(suites_of "$version") || {
    echo "There are patches for FFmpeg ${ffmpeg_versions[*]}, not for $version." >&2
    return 1
  }
  found=$(find "$tarballs" -name "ffmpeg_$version*.orig.tar.xz" 2>/dev/null | sort -V | tail -n 1)
  if [ -z "$found" ]; then
    mkdir -p "$tarballs"
    package=$(package_version "$version")
    if [ -z "$package" ]; then
      private_apt "$suites" apt-get update >"$log" 2>&1 || { tail -n 5 "$log" >&2; return 1; }
      package=$(package_version "$version")
    fi
    if [ -z "$package" ]; then
      echo "Debian's $suites have no FFmpeg $version at the moment, but:" >&2
      private_apt "$suites" apt-cache madison ffmpeg 2>/dev/null | sort -u >&2
      return 1
    fi
    echo "Fetching FFmpeg $version (Debian's $package, the release itself)" >&2
    (cd "$tarballs" && private_apt "$suites" apt-get source --tar-only --download-only \
      "ffmpeg=$package") >"$log" 2>&1 || { grep -v '^W:' "$log" | tail -n 5 >&2; return 1; }
    found=$(find "$tarballs" -name "ffmpeg_$version*.orig.tar.xz" | sort -V | tail -n 1)
  fi
  [ -n "$found" ] && echo "$found"
}

# unpack_release VERSION DIRECTORY [FILE...]: unpacks the release, or these files of it.
unpack_release() {
  local version=$1 directory=$2 tarball
  shift 2
  tarball=$(fetch_tarball "$version") || return 1
  mkdir -p "$directory"
  tar -C "$directory" -xf "$tarball" --strip-components=1 --no-same-owner \
    --wildcards "${@/#/*/}"
}

# line_of TREE: which of ffmpeg_versions the tree is of.
line_of() {
  local release
  release=$(cat "$1/RELEASE" 2>/dev/null) || {
    echo "$1 is not a source tree of FFmpeg: it has no file RELEASE." >&2
    return 1
  }
  case $release in
    4.3*) echo 4.3 ;;
    5.1*) echo 5.1 ;;
    7.1*) echo 7.1 ;;
    8.1*) echo 8.1 ;;
    9.0*) echo 9.0 ;;
    *)
      echo "$1 is FFmpeg $release; there are patches for ${ffmpeg_versions[*]}." >&2
      return 1
      ;;
  esac
}
