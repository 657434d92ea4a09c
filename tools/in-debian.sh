#!/usr/bin/env bash
# Runs a command in a bare Debian system with a copy of this tree, and leaves nothing behind.
#
#   tools/in-debian.sh [OPTION...] SUITE COMMAND [ARGUMENT...]
#   tools/in-debian.sh [OPTION...] all [SUITE...]
#
# SUITE is bookworm, trixie, forky or sid. The system is what mmdebstrap's variant minbase makes: no
# compiler, no sudo, no terminal, no /dev/pts. The command runs as root in the copy, so that it can
# install what it needs, with the exit status of the command.
#
# `all` runs both commands of README.md in each suite (or in those named), as root in the bare system
# and then the quickstart as an ordinary user, and prints a table. It takes about 10 minutes a suite.
#
#   --user       run the command as an ordinary user. What the build and the tests need is installed
#                before, since that user cannot
#   --keep DIR   make the system in DIR and leave it there, or use the one that is there
#   --tree PATH  where the copy of the tree is in the system (default /srv/wmpush)
#   --with DIR   show DIR, which may be read only, as /srv/with in the system
#
# Needs root, for chroot and mounts; these are in a namespace that ends with the command.
set -euo pipefail

suites=(bookworm trixie forky sid)
user=root keep='' tree=/srv/wmpush with=''
usage() {
  sed -n '2,/^set/ { /^# \{0,1\}/ { s///; p } }' "${BASH_SOURCE[0]}" >&2
  exit 2
}
while [[ ${1:-} == --* ]]; do
  case $1 in
    --user) user=pusher ;;
    --keep) keep=${2:?--keep needs a directory}; shift ;;
    --tree) tree=${2:?--tree needs a path}; shift ;;
    --with) with=$(readlink -e "${2:?--with needs a directory}") || usage; shift ;;
    *) usage ;;
  esac
  shift
done
[ $# -ge 1 ] || usage
suite=$1
shift
[ "$suite" = all ] || [[ " ${suites[*]} " == *" $suite "* && $# -ge 1 ]] || usage
script=$(readlink -f "${BASH_SOURCE[0]}")
cd "$(dirname "$script")/.."
. tools/packages.sh
. tools/tree.sh
if [ "$(id -u)" != 0 ]; then
  echo "tools/in-debian.sh needs root: it makes a system to chroot into" >&2
  exit 1
fi
install_missing chroot

make_system() {
  local suite=$1 root=$2
  [ ! -x "$root/usr/bin/dpkg" ] || return 0
  # A mirror that stands still serves lists past their date, which do for a test.
  mmdebstrap --quiet --variant=minbase --skip=cleanup/apt \
    --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$root" || {
    echo "mmdebstrap could not make a system of $suite" >&2
    return 1
  }
  # The ordinary user of --user.
  chroot "$root" useradd --create-home --shell /bin/bash pusher
}

# in_system ROOT USER COMMAND...: the command in the copy of the tree. Its mounts and its processes
# are in namespaces that end with it, however it ends.
in_system() {
  local root=$1
  shift
  unshare --mount --propagation private --pid --fork --kill-child \
    bash -c '
      set -e
      root=$1 tree=$2 with=$3 user=$4
      shift 4
      mount -t proc proc "$root/proc"
      mount -t tmpfs -o mode=755 dev "$root/dev"
      for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
      done
      mkdir -m 1777 "$root/dev/shm"
      ln -s /proc/self/fd "$root/dev/fd"
      ln -s fd/0 "$root/dev/stdin"
      ln -s fd/1 "$root/dev/stdout"
      ln -s fd/2 "$root/dev/stderr"
      cp /etc/resolv.conf "$root/etc/resolv.conf"
      if [ -n "$with" ]; then
        mkdir -p "$root/srv/with"
        mount --bind "$with" "$root/srv/with"
        mount -o remount,ro,bind "$root/srv/with"
      fi
      clean=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
        ${CCACHE_DIR:+"CCACHE_DIR=$CCACHE_DIR"} HOME="$(chroot "$root" sh -c "echo ~$user")")
      cd "$root"
      exec setsid --wait chroot --userspec="$user" "$root" "${clean[@]}" sh -c "cd \"\$0\" && exec \"\$@\"" \
        "$tree" "$@" </dev/null
    ' in-debian "$root" "$tree" "$with" "$@"
}

# run SUITE USER COMMAND...: makes the system and the copy, runs the command, removes the system.
run() (
  suite=$1 user=$2
  shift 2
  root=${keep:-$(mktemp -d --tmpdir wmpush-debian.XXXXXX)}
  mkdir -p "$root"
  [ -n "$keep" ] || trap 'rm -rf --one-file-system "$root"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  make_system "$suite" "$root"
  copy_tree "$root$tree"
  [ "$user" = root ] || {
    in_system "$root" root bash -c '. tools/packages.sh; install_missing build run test' >/dev/null
    chroot "$root" chown -R "$user:" "$tree"
  }
  in_system "$root" "$user" "$@"
)

if [ "$suite" != all ]; then
  run "$suite" "$user" "$@"
  exit
fi

# The table of README.md: a row for each command, a column for each suite. What the commands print
# is kept in build/debian.
logs=$PWD/build/debian
mkdir -p "$logs"
declare -A cell
failed=''
# measure SUITE NAME COMMAND...: runs it in the suite's system and fills in its cell.
measure() {
  local suite=$1 name=$2 log start=$SECONDS
  shift 2
  log=$logs/$suite-${name//[^a-z]/-}.log
  echo "== $suite: $name" >&2
  if (run "$suite" "$@") >"$log" 2>&1; then
    cell[$suite,$name]="$(sed -n 's/^.*tests passed, .* tests failed out of \([0-9]*\).*$/\1 tests, /p' "$log")$(
      printf '%d min %02d s' $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)))"
  else
    cell[$suite,$name]="FAILED, see $log"
    failed=yes
  fi
  echo "   ${cell[$suite,$name]}" >&2
}

[ $# -gt 0 ] || set -- "${suites[@]}"
root_of_all=$(mktemp -d --tmpdir wmpush-debian.XXXXXX)
trap 'rm -rf --one-file-system "$root_of_all"' EXIT
for suite in "$@"; do
  # Bare for the first command; what it has installed is there for the others.
  keep=$root_of_all/$suite
  measure "$suite" quickstart root ./quickstart.sh
  measure "$suite" tests root ./test.sh
  cell[$suite,programs]=$(chroot "$keep" sh -c '
    printf "gcc %s, FFmpeg %s" "$(gcc -dumpversion)" "$(dpkg-query -W -f "\${Version}" ffmpeg)"' |
    sed -E 's/FFmpeg [0-9]+:([0-9.]+).*/FFmpeg \1/')
  tree='/srv/another tree' measure "$suite" "ordinary user" pusher \
    sh -c './quickstart.sh >quickstart.log; status=$?; cat quickstart.log; exit $status'
  rm -rf --one-file-system "$keep"
done

line='| |'
rule='|---|'
for suite in "$@"; do
  line+=" $suite (${cell[$suite,programs]}) |"
  rule+='---|'
done
printf '%s\n%s\n' "$line" "$rule"
while IFS='|' read -r title name; do
  line="| $title |"
  for suite in "$@"; do line+=" ${cell[$suite,$name]} |"; done
  echo "$line"
done <<'ROWS'
`./quickstart.sh`, bare, as root|quickstart
`./test.sh`, as root|tests
`./quickstart.sh >log`, as an ordinary user, in a path with a space|ordinary user
ROWS
[ -z "$failed" ]
