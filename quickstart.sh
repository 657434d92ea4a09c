#!/usr/bin/env bash
# Shows the whole of it on this machine: builds wmpush, starts a publishing point on a free loopback
# port, pushes a real video to it with the distribution's own ffmpeg, in real time, watches it with
# another one, and checks what was recorded and watched.
#
#   ./quickstart.sh          a short video with picture and sound, out of a Debian package; where
#                            none can be had, a test picture and a tone
#   ./quickstart.sh VIDEO    any file that ffmpeg reads
#
# Exit status: 0 when what was sent was received, 1 when not, 2 for bad usage. Everything it makes
# is in build/release and .quickstart.
set -euo pipefail

video=${1:-}
if [ $# -gt 1 ] || [[ $video == -* ]]; then
  echo "usage: ./quickstart.sh [VIDEO]" >&2
  exit 2
fi
if [ -n "$video" ]; then
  if [ ! -r "$video" ] || [ -d "$video" ]; then
    echo "$video: no such file, or not readable" >&2
    exit 2
  fi
  video=$(readlink -f "$video")
fi
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. tools/packages.sh
. tools/media.sh

step() { printf '\n== %s\n' "$*"; }
fail() {
  printf '\nFAILED: %s\n' "$*" >&2
  exit 1
}

mkdir -p .quickstart
exec 9>.quickstart/lock
flock -n 9 || fail "another quickstart.sh is running in this directory"

# Both programs get sessions of their own, so that a Ctrl-C reaches only this script, which hands it
# on: ffmpeg then ends the stream while the publishing point still listens.
server='' pusher='' viewer='' interrupted=''
running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }
finish() {
  trap '' INT TERM HUP
  local process
  for process in $viewer $pusher $server; do
    running "$process" || continue
    kill -TERM "$process" 2>/dev/null || true
    for _ in $(seq 100); do
      running "$process" || continue 2
      sleep 0.05
    done
    kill -KILL "$process" 2>/dev/null || true
  done
}
interrupt() {
  interrupted=yes
  if running "$pusher"; then kill -INT "$pusher"; else exit 130; fi
}
trap finish EXIT
trap interrupt INT
trap 'exit 143' TERM
trap 'exit 129' HUP

step "What is needed"
install_missing build run
if [ -n "$video" ]; then
  echo "Everything is there. The video is $video."
elif video=$(fetch_media film .quickstart); then
  echo "Everything is there. The video is $video, out of a Debian package."
else
  video=.quickstart/test-picture.mkv
  ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=size=640x360:rate=25:duration=10 \
    -f lavfi -i sine=frequency=440:beep_factor=4:duration=10 -c:v mpeg4 -q:v 3 -c:a flac "$video"
  echo "Everything is there but a real video: a test picture and a tone of 10 s take its place."
  echo "./quickstart.sh VIDEO takes one of yours."
fi

step "Building (preset release, in build/release)"
cmake --preset release >/dev/null
cmake --build --preset release
bin=build/release/bin

# What is on this machine is not to be reached through a proxy.
export no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"

step "Starting a publishing point"
rm -rf .quickstart/received
echo "$bin/wmpush serve --listen 127.0.0.1:0 --record .quickstart/received"
setsid "$bin/wmpush" serve --listen 127.0.0.1:0 --record .quickstart/received \
  >.quickstart/serve.log 2>&1 9>&- &
server=$!
url=
for _ in $(seq 200); do
  url=$(grep -o 'wmpush://[^ ]*' .quickstart/serve.log | head -n 1) && break
  running "$server" || break
  sleep 0.05
done
[ -n "$url" ] || { cat .quickstart/serve.log >&2; fail "the publishing point did not start"; }
echo "It takes pushes at $url"

step "Watching, from before the push to its end"
watch_url=mmsh${url#wmpush}
watch=(ffmpeg -hide_banner -nostdin -v error -y -i "$watch_url" -c copy .quickstart/watched.asf)
echo "${watch[*]} &"
setsid "${watch[@]}" 2>.quickstart/watch.log 9>&- &
viewer=$!

step "Pushing, in real time"
push=("$bin/ffmpeg-wmpush" -hide_banner -nostdin -re -i "$video" -c:v wmv2 -b:v 1M -c:a wmav2
  -f asf "$url")
echo "${push[*]}"
setsid "${push[@]:0:1}" -progress .quickstart/sent.txt "${push[@]:1}" 9>&- &
pusher=$!
status=0
while :; do  # a signal interrupts the wait, not ffmpeg
  wait "$pusher" && status=0 || status=$?
  running "$pusher" || break
done
pusher=
[ -z "$interrupted" ] || fail "interrupted"
[ "$status" = 0 ] || { cat .quickstart/serve.log >&2; fail "the push ended with exit status $status"; }
wait "$viewer" || { cat .quickstart/watch.log >&2; fail "the viewer ended with status $?"; }
viewer=

step "What the publishing point says"
kill -INT "$server"
wait "$server" || { cat .quickstart/serve.log; fail "the publishing point ended with status $?"; }
server=
cat .quickstart/serve.log

step "Checking what was recorded and watched"
recordings=(.quickstart/received/*)
if [ ${#recordings[@]} != 1 ] || [ ! -s "${recordings[0]}" ]; then
  fail "there should be one recording in .quickstart/received"
fi
recording=${recordings[0]}

# last FILE KEY: the last value of KEY in what ffmpeg -progress wrote.
last() { sed -n "s/^$2=//p" "$1" | tail -n 1; }
decode=(ffmpeg -nostdin -v error -y)
"${decode[@]}" -progress .quickstart/received.txt -i "$recording" \
  -fps_mode passthrough -f null - \
  2>.quickstart/decode.log || { cat .quickstart/decode.log >&2; fail "the recording does not play"; }
[ ! -s .quickstart/decode.log ] ||
  { cat .quickstart/decode.log >&2; fail "the recording has errors"; }

"${decode[@]}" -progress .quickstart/watched.txt -i .quickstart/watched.asf \
  -fps_mode passthrough -f null - || fail "what was watched does not play"

sent_frames=$(last .quickstart/sent.txt frame) received_frames=$(last .quickstart/received.txt frame)
sent_us=$(last .quickstart/sent.txt out_time_us) received_us=$(last .quickstart/received.txt out_time_us)
watched_frames=$(last .quickstart/watched.txt frame) watched_us=$(last .quickstart/watched.txt out_time_us)
[[ $sent_us =~ ^[0-9]+$ && $received_us =~ ^[0-9]+$ && $watched_us =~ ^[0-9]+$ ]] ||
  fail "ffmpeg did not tell the durations"
seconds() { awk -v us="$1" 'BEGIN { printf "%.2f s", us / 1e6 }'; }
printf '%-10s %10s frames %12s\n' sent "${sent_frames:-no}" "$(seconds "$sent_us")" \
  recorded "${received_frames:-no}" "$(seconds "$received_us")" \
  watched "${watched_frames:-no}" "$(seconds "$watched_us")"
[ "${sent_frames:-0}" = "${received_frames:-0}" ] || fail "frames are missing or too many"
[ "${sent_frames:-0}" = "${watched_frames:-0}" ] || fail "the viewer missed frames"
difference=$((sent_us > received_us ? sent_us - received_us : received_us - sent_us))
# The last block of sound is longer or shorter after decoding than it was when it was encoded.
[ "$difference" -le 250000 ] || fail "the durations differ by $(seconds "$difference")"

step "Done"
echo "Recording  $recording"
if [ "${received_frames:-0}" -gt 0 ]; then
  every=$(((received_frames + 15) / 16))
  "${decode[@]}" -i "$recording" -frames:v 1 \
    -vf "select=not(mod(n\\,$every)),scale=320:-2,tile=4x4:margin=8:padding=8" \
    .quickstart/contact-sheet.png || fail "no picture could be made of the recording"
  echo "Picture    .quickstart/contact-sheet.png (one frame of every $every)"
fi
echo "To watch a stream of yours, as it goes on:"
echo "  $bin/wmpush serve --listen 127.0.0.1:8080"
echo "  $bin/ffmpeg-wmpush -re -i VIDEO -c:v wmv2 -b:v 1M -c:a wmav2 -f asf wmpush://127.0.0.1:8080/live"
echo "  ffplay mmsh://127.0.0.1:8080/live      or      vlc http://127.0.0.1:8080/live"
