# shellcheck shell=bash
# Real video for the demonstration and the tests: files out of Debian packages, which are unpacked
# and not installed. Sourced, not run.

# file | package it is in
media() {
  cat <<'LIST'
cockatoo.mp4 | python3-imageio
asf.asf      | golang-github-gabriel-vasile-mimetype-dev
LIST
}

# fetch_media FILE DIRECTORY: makes sure that DIRECTORY/FILE is there. Needs no root.
fetch_media() {
  local file=$1 directory=$2 package scratch found
  [ -s "$directory/$file" ] && return 0
  package=$(media | awk -F'[ |]+' -v file="$file" '$1 == file { print $2 }')
  scratch=$(mktemp -d)
  if (cd "$scratch" && apt-get download -q "$package" >log 2>&1 </dev/null) &&
    dpkg-deb -x "$scratch"/*.deb "$scratch/unpacked" &&
    found=$(find "$scratch/unpacked" -name "$file" -type f | head -n 1) && [ -n "$found" ]; then
    mkdir -p "$directory"
    cp "$found" "$directory/$file.part" && mv "$directory/$file.part" "$directory/$file"
    rm -rf "$scratch"
    return 0
  fi
  echo "Could not get $file out of Debian's package $package (apt-get download)." >&2
  [ ! -s "$scratch/log" ] || tail -n 3 "$scratch/log" >&2
  rm -rf "$scratch"
  return 1
}
