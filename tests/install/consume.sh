#!/usr/bin/env bash
# Installs the build into a directory of its own and uses it as another project would: the programs
# of README.md are compiled through find_package and through pkg-config, linked, and pushed with.
# consume.sh BUILD SOURCE CC CXX SCRATCH
set -euo pipefail
build=$1 source=$2 cc=$3 cxx=$4 scratch=$5

server='' link=''
finish() {
  [ -z "$link" ] || rm -rf "$link"
  [ -z "$server" ] || { kill -INT "$server" 2>/dev/null || true; wait "$server" || true; }
}
trap finish EXIT

rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log"
PKG_CONFIG_PATH=$(dirname "$(find "$scratch/prefix" -name libwmpush.pc)")
export PKG_CONFIG_PATH

# example FILE: the code block of README.md that is announced by "<!-- FILE -->".
example() {
  awk -v mark="<!-- $1 -->" '$0 == mark { found = 1; next }
    found && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }' "$source/README.md" >"$scratch/$1"
  [ -s "$scratch/$1" ] || { echo "README.md has no example $1"; exit 1; }
}
example push.c
example push.cpp
programs=(push_c push_cpp push_c_static pc_c pc_cpp)
if pkg-config --exists libwmpush-avio; then
  example push_avio.c
  programs+=(push_avio pc_avio)
fi

echo "-- find_package"
cmake -S "$source/tests/install/consumer" -B "$scratch/cmake" -G Ninja \
  -DCMAKE_PREFIX_PATH="$scratch/prefix" -DEXAMPLES="$scratch" \
  -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >"$scratch/configure.log"
cmake --build "$scratch/cmake"

echo "-- pkg-config"
strict=(-Wall -Wextra -pedantic -Werror "-Wl,-rpath,$(dirname "$PKG_CONFIG_PATH")")
# A path with a space in it comes escaped for a shell.
flags=()
eval "flags=($(pkg-config --cflags --libs libwmpush))"
"$cc" -std=c99 "${strict[@]}" "$scratch/push.c" -o "$scratch/cmake/pc_c" "${flags[@]}"
"$cxx" -std=c++20 "${strict[@]}" "$scratch/push.cpp" -o "$scratch/cmake/pc_cpp" "${flags[@]}"
if [ -e "$scratch/push_avio.c" ]; then
  eval "flags=($(pkg-config --cflags --libs libwmpush-avio))"
  "$cc" -std=c99 "${strict[@]}" "$scratch/push_avio.c" -o "$scratch/cmake/pc_avio" "${flags[@]}"
fi
[ "$(pkg-config --modversion libwmpush)" = \
  "$(sed -n 's/^#define WMPUSH_VERSION "\(.*\)"/\1/p' "$scratch/prefix/include/wmpush/version.h")" ]

echo "-- running"
ffmpeg -v error -y -f lavfi -i testsrc2=size=160x120:duration=1 -f lavfi -i sine=duration=1 \
  -c:v wmv2 -c:a wmav2 -f asf "$scratch/input.asf"
"$scratch/prefix/bin/wmpush" serve --listen 127.0.0.1:0 --record "$scratch/received" \
  >"$scratch/serve.log" 2>&1 &
server=$!
for _ in $(seq 200); do
  url=$(grep -o 'wmpush://[^ ]*' "$scratch/serve.log" | head -n 1 || true)
  [ -z "$url" ] || break
  sleep 0.05
done
[ -n "$url" ] || { cat "$scratch/serve.log"; echo "wmpush serve did not say its URL"; exit 1; }

for program in "${programs[@]}"; do
  "$scratch/cmake/$program" "$scratch/input.asf" "$url" ||
    { echo "$program failed to push to $url"; exit 1; }
  # Port 1 has no publishing point: the program has to say so by its status and on stderr.
  if "$scratch/cmake/$program" "$scratch/input.asf" wmpush://127.0.0.1:1/live 2>"$scratch/refused"
  then
    echo "$program reports success where nothing listens"
    exit 1
  fi
  grep -q "127.0.0.1:1" "$scratch/refused" ||
    { cat "$scratch/refused"; echo "$program does not say what failed"; exit 1; }
  echo "   $program: pushed, and told a refused connection"
done

pushes=${#programs[@]}
preload=$(find "$scratch/prefix" -name 'libwmpush-preload-*.so')
if [ -n "$preload" ] && /usr/bin/python3 -c 'import av' 2>/dev/null; then
  example push.py
  # The dynamic linker splits LD_PRELOAD at spaces: a link stands for an object with one in its path.
  link=$(mktemp -d)
  ln -s "$preload" "$link"
  push=(env "LD_PRELOAD=$link/${preload##*/}" /usr/bin/python3 "$scratch/push.py" "$scratch/input.asf")
  "${push[@]}" "$url" || { echo "push.py failed to push to $url"; exit 1; }
  if "${push[@]}" wmpush://127.0.0.1:1/live 2>"$scratch/refused"; then
    echo "push.py reports success where nothing listens"
    exit 1
  fi
  pushes=$((pushes + 1))
  echo "   push.py: pushed, and told a refused connection"
fi

kill -INT "$server"
wait "$server"
server=
received=$(find "$scratch/received" -type f | wc -l)
[ "$received" = "$pushes" ] || { echo "$pushes pushes, but $received recordings"; exit 1; }
