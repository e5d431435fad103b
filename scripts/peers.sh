#!/usr/bin/env bash
# Downloads bpftool and libbpf, with which tests and benchmarks compare bpfts. Installs nothing on the machine.
#
#   scripts/peers.sh            Debian's newest bpftool, as .cache/peers/bpftool
#   scripts/peers.sh libbpf     libbpf.a and its headers; .cache/peers/libbpf-cc compiles and links with them
#   scripts/peers.sh all        both
#
# apt downloads the packages (scripts/debian.sh), with its state in .cache/apt. SUITE=… replaces the suite `sid`.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${SUITE:-sid}
cache=$PWD/.cache
peers=$cache/peers
state=$cache/apt

source scripts/debian.sh

# Downloads the package `$1` and all packages that it depends on, and unpacks them into the directory `$2`.
unpack() {
  local package=$1 directory=$2
  apt_suite "$state" "$architecture" "$suite" || exit 1
  say "downloading $package $(own_apt apt-cache policy "$package" | sed -n 's/ *Candidate: //p')"
  fetch_closure "$directory" "$package" || fail "the download of $package failed"
}

bpftool() {
  if "$peers/bpftool" version >/dev/null 2>&1; then
    echo "peers.sh: $("$peers/bpftool" version | head -n 1) is already in .cache/peers"
    return
  fi
  local root=$peers/root
  mkdir -p "$peers"
  unpack bpftool "$root"
  local program loader
  program=$(cd "$root" && find . -path '*bin/bpftool' -type f | sed 's|^\./||' | head -n 1)
  [ -n "$program" ] || fail "the package contains no bpftool"
  loader=$(cd "$root" && find . -name 'ld-linux*.so.*' | sed 's|^\./||' | head -n 1)
  [ -n "$loader" ] || fail "the packages contain no dynamic loader"
  # Run bpftool with the downloaded loader and libraries, because it may need a newer libc than the machine has.
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
    echo "peers.sh: libbpf is already in .cache/peers"
    return
  fi
  need gcc
  local root=$peers/libbpf
  mkdir -p "$peers"
  unpack libbpf-dev "$root"
  for directory in lib lib64; do
    if [ ! -e "$root/$directory" ] && [ -d "$root/usr/$directory" ]; then ln -s "usr/$directory" "$root/$directory"; fi
  done
  # Link statically with the libc of the same suite, because the machine's libc may be older than libbpf needs.
  cat >"$peers/libbpf-cc.new" <<WRAPPER
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/libbpf
libraries=\$root/usr/lib/$triplet
exec gcc -static --sysroot="\$root" -B"\$libraries" -L"\$libraries" "\$@" -lbpf -lelf -lz -lzstd
WRAPPER
  chmod +x "$peers/libbpf-cc.new"
  printf '#include <stdio.h>\n#include <bpf/libbpf.h>\nint main(void) { puts(libbpf_version_string()); }\n' >"$state/try.c"
  "$peers/libbpf-cc.new" "$state/try.c" -o "$state/try" || fail "a test program cannot be linked with libbpf"
  local version
  version=$("$state/try") || fail "a test program with libbpf does not run"
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
  *) fail "unknown word $1; give bpftool, libbpf or all" ;;
esac
