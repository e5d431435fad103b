#!/usr/bin/env bash
# Brings the peers that tests and benchmarks compare with, without installing anything:
#
#   scripts/peers.sh            bpftool, Debian's newest, runnable as .cache/peers/bpftool
#   scripts/peers.sh libbpf     libbpf.a and its headers; .cache/peers/libbpf-cc compiles and links with them
#   scripts/peers.sh all        both
#
# apt does the work, with a state of its own below .cache/apt (scripts/debian.sh). SUITE=… overrides `sid`.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${SUITE:-sid}
cache=$PWD/.cache
peers=$cache/peers
state=$cache/apt

source scripts/debian.sh

# Downloads a package with all that it depends on and unpacks everything into a directory.
unpack() {
  local package=$1 directory=$2
  apt_suite "$state" "$architecture" "$suite" || exit 1
  say "downloading $package $(own_apt apt-cache policy "$package" | sed -n 's/ *Candidate: //p')"
  fetch_closure "$directory" "$package" || fail "the download of $package failed"
}

bpftool() {
  if "$peers/bpftool" version >/dev/null 2>&1; then
    echo "peers.sh: $("$peers/bpftool" version | head -n 1) is there"
    return
  fi
  local root=$peers/root
  mkdir -p "$peers"
  unpack bpftool "$root"
  local program loader
  program=$(cd "$root" && find . -path '*bin/bpftool' -type f | sed 's|^\./||' | head -n 1)
  [ -n "$program" ] || fail "the package holds no bpftool"
  loader=$(cd "$root" && find . -name 'ld-linux*.so.*' | sed 's|^\./||' | head -n 1)
  [ -n "$loader" ] || fail "the packages hold no dynamic loader"
  # Its own loader and libraries: it wants a newer libc than the machine may have.
  cat >"$peers/bpftool" <<WRAPPER
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/root
exec "\$root/$loader" --argv0 bpftool --library-path "\$root/usr/lib/$triplet:\$root/lib/$triplet" "\$root/$program" "\$@"
WRAPPER
  chmod +x "$peers/bpftool"
  local version
  version=$("$peers/bpftool" version 2>&1) || fail "the unpacked bpftool does not run: $version"
  echo "peers.sh: $(echo "$version" | head -n 1) in .cache/peers/bpftool"
}

libbpf() {
  if [ -x "$peers/libbpf-cc" ]; then
    echo "peers.sh: libbpf is there"
    return
  fi
  need gcc
  local root=$peers/libbpf
  mkdir -p "$peers"
  unpack libbpf-dev "$root"
  for directory in lib lib64; do
    if [ ! -e "$root/$directory" ] && [ -d "$root/usr/$directory" ]; then ln -s "usr/$directory" "$root/$directory"; fi
  done
  # Linked statically with the libc of its own suite: the machine's libc is older than the one it was built for.
  cat >"$peers/libbpf-cc.new" <<WRAPPER
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/libbpf
libraries=\$root/usr/lib/$triplet
exec gcc -static --sysroot="\$root" -B"\$libraries" -L"\$libraries" "\$@" -lbpf -lelf -lz -lzstd
WRAPPER
  chmod +x "$peers/libbpf-cc.new"
  printf '#include <stdio.h>\n#include <bpf/libbpf.h>\nint main(void) { puts(libbpf_version_string()); }\n' >"$state/try.c"
  "$peers/libbpf-cc.new" "$state/try.c" -o "$state/try" || fail "a program with libbpf does not link"
  local version
  version=$("$state/try") || fail "a program with libbpf does not run"
  mv "$peers/libbpf-cc.new" "$peers/libbpf-cc"
  echo "peers.sh: libbpf $version in .cache/peers/libbpf, compile with .cache/peers/libbpf-cc"
}

need dpkg
architecture=$(dpkg --print-architecture)
triplet=$(case $architecture in amd64) echo x86_64-linux-gnu ;; arm64) echo aarch64-linux-gnu ;; *) echo "$architecture-linux-gnu" ;; esac)

case ${1:-bpftool} in
  bpftool) bpftool ;;
  libbpf) libbpf ;;
  all)
    bpftool
    libbpf
    ;;
  *) fail "say bpftool, libbpf or all" ;;
esac
