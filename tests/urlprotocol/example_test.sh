#!/usr/bin/env bash
# Runs example/push_test_picture.c, compiled, against a publishing point: what it pushed has to play,
# and a push that cannot succeed has to be an error.
# example_test.sh EXAMPLE WMPUSH SCRATCH
set -euo pipefail
example=$1 wmpush=$2 scratch=$3

server=
finish() {
  [ -z "$server" ] || { kill -INT "$server" 2>/dev/null || true; wait "$server" || true; }
}
trap finish EXIT
fail() {
  echo "$*"
  cat "$scratch"/*.log
  exit 1
}

rm -rf "$scratch"
mkdir -p "$scratch"
"$wmpush" serve --listen 127.0.0.1:0 --record "$scratch/received" >"$scratch/serve.log" 2>&1 &
server=$!
url=
for _ in $(seq 200); do
  url=$(grep -o 'wmpush://[^ ]*' "$scratch/serve.log" | head -n 1 || true)
  [ -z "$url" ] || break
  sleep 0.05
done
[ -n "$url" ] || fail "wmpush serve did not say its URL"

"$example" "$url" 2 >"$scratch/push.log" 2>&1 || fail "the push to $url failed"
if "$example" "${url%/*}/missing" 2 >"$scratch/missing.log" 2>&1; then
  fail "it reports success where there is no publishing point"
fi
grep -q 404 "$scratch/missing.log" || fail "it does not say why the push was refused"
kill -INT "$server"
wait "$server" || fail "the publishing point failed"
server=

recordings=("$scratch"/received/*)
[ ${#recordings[@]} = 1 ] || fail "there are ${#recordings[@]} recordings"
frames=$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames \
  -of csv=p=0 "${recordings[0]}" | tr -d ',')
[ "$frames" = 50 ] || fail "$frames frames of 50 came back"
echo "2 s were pushed and $frames frames came back"
