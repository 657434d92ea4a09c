# Drives completion for zsh in a terminal of its own, by the tab key.
# completion.zsh DIRECTORY: what has _wmpush
#
# It waits for what the terminal shows, until ctest ends it.
zmodload zsh/zpty || exit 1
directory=${1:A}

zpty shell zsh -f -i
zpty -w shell "fpath=($directory \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'show() { print -r -- "it is <$BUFFER>"; BUFFER="" }; zle -N show; bindkey "^G" show'
zpty -w shell 'print be""gin'

typeset -g shown
# wait_for PATTERN: reads the terminal until it shows this.
wait_for() {
  shown=''
  zpty -r -m shell shown "*$1*" || { print "FAILED: the terminal ended and showed no $1"; exit 1 }
}
wait_for begin

# expect LINE WANTED: the line as typed, with a tab behind it, becomes this one.
expect() {
  zpty -n -w shell "$1"$'\t\C-g'
  wait_for 'it is <*>'
  local line=${${shown##*it is <}%%>*}
  [[ $line == $2 ]] || { print "FAILED: '$1' is completed to '$line', and should be to '$2'"; exit 1 }
}

expect 'wmpush ser' 'wmpush serve '
expect 'wmpush send --template' 'wmpush send --template_url='
expect 'wmpush send --auth=neg' 'wmpush send --auth=negotiate '
expect 'wmpush send --congestion dr' 'wmpush send --congestion drop '
expect 'wmpush serve --takeover new' 'wmpush serve --takeover newer '
expect 'wmpush help tok' 'wmpush help token '
expect 'wmpush probe wmpushs' 'wmpush probe wmpushs://'
zpty -d shell
