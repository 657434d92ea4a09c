#!/usr/bin/env bash
# Installs the build, and looks at the manual: mandoc finds nothing to say, each command has a page
# with all of its options, libwmpush(3) names every function in C, and wmpush.toml(5) every key.
# manual.sh BUILD SOURCE SCRATCH
set -euo pipefail
build=$1 source=$2 scratch=$3
rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch" >"$scratch/install.log"
manual=$(dirname "$(dirname "$(find "$scratch" -name wmpush.1)")")
wmpush=$scratch/bin/wmpush

status=0
fail() {
  echo "FAILED: $*"
  status=1
}

if command -v mandoc >/dev/null; then
  said=$(mandoc -Tlint "$manual"/man*/* || true)
  [ -z "$said" ] || fail "mandoc has something to say:"$'\n'"$said"
else
  echo "mandoc is not installed: the pages are only read"
fi

# words FILE: a page without the marks of roff.
words() { sed 's/\\f[BRI]//g; s/\\-/-/g; s/\\&//g' "$1"; }

overview=$(words "$manual/man1/wmpush.1")
commands=$("$wmpush" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 4 ] || fail "there are too few commands: $commands"
for command in $commands; do
  page=$manual/man1/wmpush-$command.1
  [ -e "$page" ] || { fail "wmpush $command has no page"; continue; }
  grep -q "wmpush-$command (1)" <<<"$overview" || fail "wmpush(1) leaves wmpush-$command(1) out"
  text=$(words "$page")
  # The options of a push are in wmpush(1).
  for option in $("$wmpush" help "$command" |
    sed -n '/^Options of the push/q; s/^  \(-., \)\{0,1\}\(--[a-z0-9_]*\).*/\2/p'); do
    grep -qE -- "^(-., )?$option( |$)" <<<"$text" || fail "$page leaves $option out"
  done
done
for option in $("$wmpush" help send | sed -n '1,/^Options of the push/d; s/^  \(--[a-z0-9_]*\).*/\1/p'); do
  grep -qE -- "^$option( |$)" <<<"$overview" || fail "wmpush(1) leaves $option out"
done

for function in $(grep -hoxE 'wmpush_[a-z_]+' "$source"/tests/install/exported_*symbols.txt); do
  grep -q "$function()" "$manual/man3/libwmpush.3" || grep -q "$function(" "$manual/man3/libwmpush.3" ||
    fail "libwmpush(3) leaves $function() out"
done
for key in $(sed -n 's/^#\([a-z_]*\) = .*/\1/p' "$source/tools/wmpush.toml.example"); do
  grep -qx "\.B $key" "$manual/man5/wmpush.toml.5" || fail "wmpush.toml(5) leaves $key out"
done
exit $status
