#!/usr/bin/env bash
# Brings the peers that tests and benchmarks compare with, without installing anything:
#
#   scripts/peers.sh            bpftool, Debian's newest, runnable as .cache/peers/bpftool
#   scripts/peers.sh libbpf     libbpf.a and its headers; .cache/peers/libbpf-cc compiles and links with them
#   scripts/peers.sh all        both
#
# apt does the work, with a state of its own below .cache/apt: the machine's packages, lists and keys stay
# as they are, and apt itself checks the signatures and hashes. The mirror is the one that the machine's
# own sources name; only the suite differs. SUITE=… overrides `sid`.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=${SUITE:-sid}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cache=$PWD/.cache
peers=$cache/peers
state=$cache/apt

fail() {
  echo "peers.sh: $1" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null || fail "needs $1"
}

# The first Debian mirror among the machine's sources, in either of apt's two formats.
mirror() {
  local files=()
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    if [ -f "$file" ]; then files+=("$file"); fi
  done
  [ ${#files[@]} -gt 0 ] || return 0
  sed -nE -e 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' -e 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' \
    "${files[@]}" | grep -E '/debian/?$' | head -n 1
}

# Runs an apt tool on our own lists, cache and (empty) list of installed packages.
own_apt() {
  local tool=$1
  shift
  "$tool" -q \
    -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::Etc::Trusted=/dev/null -o Dir::Etc::TrustedParts=/dev/null \
    -o Dir::State="$state/state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
    -o APT::Sandbox::User="$(id -un)" -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
    -o APT::Install-Recommends=false -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=true \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
    "$@"
}

update() {
  [ -z "${updated:-}" ] || return 0
  need apt-get
  need dpkg-deb
  [ -f "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
  local uri
  uri=$(mirror)
  [ -n "$uri" ] || fail "no Debian mirror in /etc/apt"
  mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
  : >"$state/status"
  echo "deb [signed-by=$keyring] $uri $suite main" >"$state/sources.list"
  echo "peers.sh: reading the package lists of $suite"
  own_apt apt-get update >"$state/update.log" 2>&1 || fail "apt-get update failed: $(tail -n 3 "$state/update.log")"
  updated=yes
}

# Downloads a package with all that it depends on and unpacks everything into a directory.
unpack() {
  local package=$1 directory=$2
  update
  rm -rf "$state/cache/archives"
  mkdir -p "$state/cache/archives/partial"
  echo "peers.sh: downloading $package $(own_apt apt-cache policy "$package" | sed -n 's/ *Candidate: //p')"
  own_apt apt-get install --yes --download-only "$package" >"$state/download.log" 2>&1 ||
    fail "the download of $package failed: $(tail -n 3 "$state/download.log")"
  rm -rf "$directory.new"
  mkdir -p "$directory.new"
  for deb in "$state"/cache/archives/*.deb; do
    # --fsys-tarfile and tar rather than -x: Debian's packages of a merged /usr hold /lib and /usr/lib both.
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$directory.new" --no-same-owner \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/i18n'
  done
  rm -rf "$directory" "$state/cache/archives"
  mv "$directory.new" "$directory"
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
