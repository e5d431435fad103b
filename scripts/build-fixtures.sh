#!/usr/bin/env bash
# Compiles test/bpf/*.bpf.c and test/bpf/refused/*.bpf.c to the objects that the tests read. Writes each object next to
# its source, or into a directory:
#
#   scripts/build-fixtures.sh [--to DIRECTORY] [NAME…]
#
# Comment lines in a source say which objects to make from it. Without such lines, the source is compiled with
# `-mcpu=v3` to an object with the source's name.
#
#   // build: -mcpu=v4                    makes an object with the source's name, with these flags
#   // build as NAME: -mcpu=v3 …          makes another object, NAME.bpf.o
#   // link NAME: PART PART…              links objects of this source to NAME.bpf.o with bpftool's static linker
#
# The flags may also contain these words: `without-btf` (no -g), `without-btf-ext` (no .BTF.ext, as from the oldest
# compilers), `with-dwarf` (keep the debugging sections), `clang-14` (compile with clang 14).
# The same compiler makes the same bytes on every machine, because objects contain no absolute paths.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/test/bpf"

fail() {
  echo "build-fixtures.sh: $1" >&2
  exit 1
}

to=.
if [ "${1:-}" = --to ]; then
  to=$(realpath "$2")
  shift 2
fi
clang=${CLANG:-clang-22}
strip=${LLVM_STRIP:-llvm-strip-22}
bpftool=$root/.cache/peers/bpftool
command -v "$clang" >/dev/null || fail "needs $clang; CLANG=… selects another compiler"
command -v "$strip" >/dev/null || fail "needs $strip; LLVM_STRIP=… selects another program"

mkdir -p "$to/refused"

# The version of the compiler that made the committed objects. scripts/check-fixtures.mjs reads it.
"$clang" --version | head -n 1 >"$to/compiler.txt"

compile() {
  local source=$1 object=$2
  shift 2
  local compiler=$clang btf=-g dwarf='' remove='' flags=()
  for word in "$@"; do
    case $word in
      without-btf) btf='' ;;
      without-btf-ext) remove='.*BTF.ext' ;;
      with-dwarf) dwarf=yes ;;
      clang-14)
        compiler=clang-14
        # Many machines do not have this second compiler. They use the committed object.
        if ! command -v clang-14 >/dev/null; then
          echo "build-fixtures.sh: clang-14 is not installed, so $object is not rebuilt" >&2
          return 0
        fi
        ;;
      *) flags+=("$word") ;;
    esac
  done
  [[ " ${flags[*]} " == *" -mcpu="* ]] || flags+=(-mcpu=v3)
  local target=bpfel
  if [[ " ${flags[*]} " == *" -mbig-endian "* ]]; then target=bpfeb; fi
  "$compiler" $btf -O2 -target $target -Wall -Werror -Wno-unused-function -Wno-unknown-attributes -Iinclude \
    -fdebug-compilation-dir=. -ffile-prefix-map="$PWD"=. "${flags[@]}" -c "$source" -o "$to/$object"
  if [ -z "$dwarf" ]; then "$strip" -g "$to/$object"; fi
  if [ -n "$remove" ]; then "$strip" --strip-debug --wildcard --remove-section "$remove" "$to/$object"; fi
}

link() {
  local object=$1
  shift
  [ -x "$bpftool" ] || fail "needs bpftool: run scripts/peers.sh"
  (cd "$to" && "$bpftool" gen object "$object" "${@/%/.bpf.o}") || { rm -f "$to/$object" && fail "$object cannot be linked"; }
}

build() {
  local source=$1 name=${1%.bpf.c} recipes
  recipes=$(sed -nE 's#^// ((build( as [a-z0-9-]+)?|link [a-z0-9-]+): .*)$#\1#p' "$source")
  [ -n "$recipes" ] || recipes='build: -mcpu=v3'
  while read -r recipe; do
    local words=${recipe#*: }
    # $words is not quoted, so that the shell splits it into words.
    # shellcheck disable=SC2086
    case $recipe in
      'build: '*) compile "$source" "$name.bpf.o" $words ;;
      'build as '*) compile "$source" "$(sed -E 's/^build as ([^:]+):.*/\1/' <<<"$recipe").bpf.o" $words ;;
      'link '*) link "$(sed -E 's/^link ([^:]+):.*/\1/' <<<"$recipe").bpf.o" $words ;;
    esac
  done <<<"$recipes"
}

if [ $# -gt 0 ]; then
  for name in "$@"; do build "${name%.bpf.c}.bpf.c"; done
else
  for source in *.bpf.c refused/*.bpf.c; do build "$source"; done
fi
