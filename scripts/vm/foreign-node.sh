#!/usr/bin/env bash
# Brings a Node of another architecture, with its libraries, from Debian's packages:
#
#   scripts/vm/foreign-node.sh CACHE ARCHITECTURE     s390x, arm64
#
# CACHE/node-ARCHITECTURE is then a root folder with usr/bin/node in it, and busybox for a machine; for arm64 koffi/
# holds the FFI library.
set -euo pipefail
cache=$(realpath -m "$1")
cd "$(dirname "$0")/../.."
source scripts/debian.sh

architecture=$2
case $architecture in s390x | arm64) ;; *) fail "no architecture $architecture: say s390x or arm64" ;; esac
target=$cache/node-$architecture

mkdir -p "$cache"
exec 9>"$cache/node-$architecture.lock"
flock 9
if [ -e "$target/usr/bin/node" ]; then exit; fi
part=$target.part

# Whether the Node that was unpacked runs here, if this machine has the emulator for it.
runs() {
  local emulator
  emulator=$(case $architecture in arm64) echo qemu-aarch64 ;; *) echo "qemu-$architecture" ;; esac)
  command -v "$emulator" >/dev/null || return 0
  [ "$("$emulator" -L "$part" "$part/usr/bin/node" -p '[..."ab"].length' 2>&1)" = 2 ] && return
  say "Node of $1 does not run under $emulator" >&2
  return 1
}

# While a mirror is being updated, the lists of a suite may not fit their signature, or name packages that are not there.
# Then the next suite is tried.
bring() {
  local suites
  for suites in 'trixie-security trixie' trixie forky sid; do
    # shellcheck disable=SC2086 # the words are suites
    apt_suite "$cache/apt/$architecture" "$architecture" $suites || continue
    say "downloading Node for $architecture from $suites"
    fetch_closure "$part" nodejs busybox-static || continue
    link_directories "$part"
    if runs "$suites"; then return; fi
  done
  fail "no suite of Debian's has a Node for $architecture"
}

# Packages of a merged /usr rely on these links.
link_directories() {
  local directory
  for directory in lib lib64 bin sbin; do
    if [ ! -e "$1/$directory" ] && [ -d "$1/usr/$directory" ]; then ln -s "usr/$directory" "$1/$directory"; fi
  done
}

bring
# The FFI library's build for it, the version that package.json pins; npm checks its hash. There is none for s390x.
if [ "$architecture" = arm64 ]; then
  version=$(node -p 'require("./package.json").dependencies.koffi')
  npm install --prefix "$part/koffi" --force --no-save --no-package-lock --no-audit --no-fund \
    "@koromix/koffi-linux-arm64@$version" >/dev/null 2>&1 || fail "npm has no koffi $version for arm64"
fi
rm -rf "$target"
mv "$part" "$target"
say "$architecture is there: $(du -sh "$target" | cut -f 1)"
