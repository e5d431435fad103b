#!/usr/bin/env bash
# Downloads Debian's Node for another architecture, with busybox and all libraries:
#
#   scripts/vm/foreign-node.sh CACHE ARCHITECTURE     s390x or arm64
#
# CACHE/node-ARCHITECTURE is then a root directory with usr/bin/node. For arm64, the directory koffi/ in it contains the
# FFI library.
set -euo pipefail
cache=$(realpath -m "$1")
cd "$(dirname "$0")/../.."
source scripts/debian.sh

architecture=$2
case $architecture in s390x | arm64) ;; *) fail "unknown architecture $architecture; give s390x or arm64" ;; esac
target=$cache/node-$architecture

mkdir -p "$cache"
exec 9>"$cache/node-$architecture.lock"
flock 9
if [ -e "$target/usr/bin/node" ]; then exit; fi
part=$target.part

# Succeeds if the unpacked Node runs under the emulator, or if this machine does not have the emulator.
runs() {
  local emulator
  emulator=$(case $architecture in arm64) echo qemu-aarch64 ;; *) echo "qemu-$architecture" ;; esac)
  command -v "$emulator" >/dev/null || return 0
  [ "$("$emulator" -L "$part" "$part/usr/bin/node" -p '[..."ab"].length' 2>&1)" = 2 ] && return
  say "Node from $1 does not run under $emulator" >&2
  return 1
}

# Downloads Node from the first suite that works. While a mirror is being updated, the package lists of a suite may not
# match their signature, or may name packages that do not exist.
bring() {
  local suites
  for suites in 'trixie-security trixie' trixie forky sid; do
    # shellcheck disable=SC2086 # $suites is split into words
    apt_suite "$cache/apt/$architecture" "$architecture" $suites || continue
    say "downloading Node for $architecture from $suites"
    fetch_closure "$part" nodejs busybox-static || continue
    link_directories "$part"
    if runs "$suites"; then return; fi
  done
  fail "Node for $architecture cannot be downloaded from any Debian suite"
}

# Some packages expect /lib and similar directories to be links to the directories in /usr.
link_directories() {
  local directory
  for directory in lib lib64 bin sbin; do
    if [ ! -e "$1/$directory" ] && [ -d "$1/usr/$directory" ]; then ln -s "usr/$directory" "$1/$directory"; fi
  done
}

bring
# Install the FFI library for arm64, in the version that package.json names. npm checks its hash. For s390x none exists.
if [ "$architecture" = arm64 ]; then
  version=$(node -p 'require("./package.json").dependencies.koffi')
  npm install --prefix "$part/koffi" --force --no-save --no-package-lock --no-audit --no-fund \
    "@koromix/koffi-linux-arm64@$version" >/dev/null 2>&1 || fail "npm has no koffi $version for arm64"
fi
rm -rf "$target"
mv "$part" "$target"
say "Node for $architecture is in $target: $(du -sh "$target" | cut -f 1)"
