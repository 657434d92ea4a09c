# shellcheck shell=bash
# The sources as someone else would get them. Sourced, not run.

# copy_tree DIRECTORY: what git tracks, and what it does not ignore; without git everything but what
# was built. From the current directory, which is the top of the tree.
copy_tree() {
  local target=$1
  mkdir -p "$target"
  if git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
    git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
  else
    find . \( -name build -o -name .quickstart -o -name .git \) -prune -o -type f -print0
  fi | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
  done | tar --null -T - -c | tar -C "$target" -x --no-same-owner
}
