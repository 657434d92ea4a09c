#!/usr/bin/env bash
# Drives completion as bash does when the tab key is pressed.
# completion.sh SCRIPT WMPUSH
#
# SCRIPT is the completion for bash, WMPUSH the command, whose help says what there is to complete.
set -euo pipefail
script=$1 wmpush=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/recordings"
touch "$scratch/film.asf" "$scratch/filter.pem"
cd "$scratch"

# shellcheck disable=SC1090
. "$script"
[ "$(complete -p wmpush)" = 'complete -F _wmpush wmpush' ]

# completed WORD...: what the last word becomes, sorted, in one line. The words are what bash makes
# of a line: = and : are words of their own.
completed() {
  COMP_WORDS=(wmpush "$@") COMP_CWORD=$#
  COMPREPLY=()
  _wmpush
  [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
}

status=0
# expect WANTED WORD...
expect() {
  local wanted=$1 found
  shift
  found=$(completed "$@")
  [ "$found" = "$wanted" ] ||
    { echo "FAILED: 'wmpush $*' is completed to '$found', and should be to '$wanted'"; status=1; }
}

commands=$("$wmpush" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 4 ]
expect "$(printf '%s\n' $commands help --help --version | sort | paste -sd ' ')" ''
expect 'send serve' se
expect 'serve' ser
expect '' nothing
expect "$(printf '%s\n' $commands | sort | paste -sd ' ')" help ''

for command in $commands; do
  options=$("$wmpush" help "$command" | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z0-9_]*\).*/\2/p' | sort | paste -sd ' ')
  [ -n "$options" ]
  expect "$options" "$command" --
done

# Dashes and underscores mean the same, and a single dash is the beginning of an option.
expect '--template_url' send --template-u
expect '--help --http_proxy' send -h
expect '' token --fast

# Values, behind a space and behind a =.
expect 'any basic digest negotiate ntlm' send --auth ''
expect 'basic' send --auth = ba
expect 'block drop' send --congestion =
expect '0 1' probe --strict-server ''
expect 'newer refuse' serve --takeover ''
expect '' send --connect_timeout ''
expect '' send --password ''

# Files and folders.
expect 'film.asf filter.pem' send --password_file fil
expect 'film.asf filter.pem' serve --tls_cert fil
expect 'recordings' serve --record ''
expect 'film.asf' send film.
expect 'film.asf' send --fast film.
expect '' token fil

# URLs, up to their host.
expect 'wmpush:// wmpushs://' probe wmp
expect 'wmpush:// wmpushs://' send film.asf wmpu
expect '' probe wmpush : //ser
exit $status
