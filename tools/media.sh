# shellcheck shell=bash
# Real video for the demonstration and the tests: files out of Debian packages, which are unpacked
# and not installed. Sourced, not run.

# kind | file | package it is in. A package may lose its file from one release to the next: the
# first of a kind that can be had is taken.
media() {
  cat <<'LIST'
film | cockatoo.mp4     | python3-imageio
film | oa4_launch.webm  | renpy-demo
film | small.mp4        | erlang-cowboy-doc
film | sample.mp4       | python3-mimesis
asf  | asf.asf          | golang-github-gabriel-vasile-mimetype-dev
asf  | mp3_audio.asf    | python3-tinytag
LIST
}

# unpack FILE PACKAGE DIRECTORY: DIRECTORY/FILE out of a package of that name, which apt-get
# downloads. Needs no root.
unpack() (
  file=$1 package=$2 directory=$3
  scratch=$(mktemp -d) || return
  trap 'rm -rf "$scratch"' EXIT
  cd "$scratch" && apt-get download -q "$package" >/dev/null 2>&1 </dev/null &&
    dpkg-deb -x ./*.deb unpacked && cd "$OLDPWD" || return
  found=$(find "$scratch/unpacked" -name "$file" -type f | head -n 1)
  [ -n "$found" ] && mkdir -p "$directory" && cp "$found" "$directory/$file.part" &&
    mv "$directory/$file.part" "$directory/$file"
)

# fetch_media KIND DIRECTORY: prints the path of a file of this kind in DIRECTORY, and gets it first
# where none is there. Returns 1, and says which packages were looked for, when none can be had.
fetch_media() {
  local wanted=$1 directory=$2 kind file package tried=()
  while IFS='| ' read -r kind file package; do
    [ "$kind" = "$wanted" ] && [ -s "$directory/$file" ] || continue
    echo "$directory/$file"
    return 0
  done < <(media)
  while IFS='| ' read -r kind file package; do
    [ "$kind" = "$wanted" ] || continue
    if unpack "$file" "$package" "$directory"; then
      echo "$directory/$file"
      return 0
    fi
    tried+=("$file of $package")
  done < <(media)
  printf 'No %s could be got by apt-get download: ' "$wanted" >&2
  printf '%s; ' "${tried[@]}" | sed 's/; $/\n/' >&2
  return 1
}
