#!/usr/bin/env bash
# Installs the build into a directory of its own and reads off every program and shared object in it,
# and every one of the build's libraries, what makes its faults harder to use.
# hardening.sh BUILD CC READELF OBJDUMP OPTIMISED SCRATCH
#
# OPTIMISED: ON where functions of the C library must be called in their checked form.
set -euo pipefail
build=$1 cc=$2 readelf=$3 objdump=$4 optimised=$5 scratch=$6

rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log"

findings=0
finding() {
  echo "$1: $2"
  findings=$((findings + 1))
}

# Where a jump may lead, x86 has a mark. The file as a whole says so only where every object that was
# linked does, those of the compiler and the C library included.
features() { "$readelf" -nW "$1" 2>/dev/null | sed -n 's/.*x86 feature: //p'; }
marks() { "$objdump" -d "$1" | grep -c endbr || true; }
echo 'int nothing(void); int nothing(void) { return 0; }' >"$scratch/nothing.c"
features_possible='' marks_possible=0
if "$cc" -fcf-protection -shared -fPIC "$scratch/nothing.c" -o "$scratch/nothing.so" 2>/dev/null; then
  features_possible=$(features "$scratch/nothing.so")
  marks_possible=$(marks "$scratch/nothing.so")
fi
marks_of_others=10  # more than the objects of the compiler and the C library bring

count=0
while IFS= read -r file; do
  [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || continue
  count=$((count + 1))
  name=${file#"$scratch/prefix/"}
  dynamic=$("$readelf" -dW "$file")
  segments=$("$readelf" -lW "$file")
  symbols=$("$readelf" --dyn-syms -W "$file")
  grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || finding "$name" "no BIND_NOW"
  grep -q GNU_RELRO <<<"$segments" || finding "$name" "no RELRO"
  grep -qE 'GNU_STACK.* RW ' <<<"$segments" || finding "$name" "the stack may be executable"
  grep -qE '__stack_chk_(fail|guard)' <<<"$symbols" || finding "$name" "no stack protector"
  ! grep -q TEXTREL <<<"$dynamic" || finding "$name" "relocations in the code"
  # An empty element is the working directory, and so is one that is relative.
  while IFS= read -r path; do
    case ":$path:" in
      *::*) finding "$name" "an empty element in its RUNPATH, '$path'" ;;
    esac
    while IFS= read -r -d : element; do
      # shellcheck disable=SC2016  # the dynamic linker's word, not the shell's
      case $element in
        /* | '$ORIGIN' | '$ORIGIN/'*) ;;
        *) finding "$name" "'$element' in its RUNPATH '$path' is relative" ;;
      esac
    done <<<"$path:"
  done < <(sed -nE 's/.*\((RPATH|RUNPATH)\).*\[(.*)\]$/\2/p' <<<"$dynamic")
  [ "$(features "$file")" = "$features_possible" ] ||
    finding "$name" "'$(features "$file")' for its jumps, where '$features_possible' is possible"
  [ "$marks_possible" = 0 ] || [ "$(marks "$file")" -gt "$marks_of_others" ] ||
    finding "$name" "no marks where a jump may lead: -fcf-protection"
  # A compiler leaves a check out where it sees that it holds: not every call has one.
  if [ "$optimised" = ON ]; then
    grep -qE ' __[a-z]+_chk@' <<<"$symbols" || finding "$name" "no checked function: _FORTIFY_SOURCE"
  fi
done < <(find "$scratch/prefix" "$build/lib" -type f ! -name '*.a' | sort)

echo "$count programs and shared objects"
[ "$count" -ge 2 ] || finding "$scratch/prefix" "fewer than the library and the command"
[ "$findings" = 0 ]
