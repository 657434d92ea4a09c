#!/usr/bin/env bash
# Packs the build twice, in different folders, and unpacks it somewhere else.
# archive.sh BUILD SCRATCH
set -euo pipefail
build=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch/one" "$scratch/a longer name" "$scratch/prefix"
for folder in one 'a longer name'; do
  cpack --config "$build/CPackConfig.cmake" -B "$scratch/$folder" >"$scratch/$folder/log" ||
    { tail -n 20 "$scratch/$folder/log"; exit 1; }
done
archives=("$scratch/one"/wmpush-*.tar.xz)
archive=${archives[0]}
cmp "$archive" "$scratch/a longer name/$(basename "$archive")"

# No file in it tells when it was made.
times=$(TZ=UTC tar --full-time -tvJf "$archive" | awk '{ print $4, $5 }' | sort -u)
[ "$(wc -l <<<"$times")" = 1 ] || { echo "FAILED: the files have different times"; exit 1; }

# It works from where it was unpacked.
tar -C "$scratch/prefix" -xJf "$archive" --strip-components=1
"$scratch/prefix/bin/wmpush" --version
expected=(bin/wmpush bin/ffmpeg-wmpush share/man/man1/wmpush-serve.1
  share/bash-completion/completions/wmpush share/zsh/site-functions/_wmpush)
for file in "${expected[@]}"; do
  [ -s "$scratch/prefix/$file" ] || { echo "FAILED: the archive has no $file"; exit 1; }
done
"$scratch/prefix/bin/ffmpeg-wmpush" -v error -h protocol=wmpush | grep -q template_url
