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
# A mirror whose lists of one suite don't fit their signature (it is being updated) has another that do.
for suite in trixie forky sid; do
  if apt_suite "$cache/apt/$architecture" "$architecture" "$suite"; then break; fi
  suite=
done
[ -n "$suite" ] || fail "no suite of Debian's can be read for $architecture"
say "downloading Node for $architecture from $suite"
# What the dependency says it wants and a Node without its package manager does not: a documentation browser, scripts.
fetch_closure "$target" nodejs busybox-static
for directory in lib lib64 bin sbin; do
  if [ ! -e "$target/$directory" ] && [ -d "$target/usr/$directory" ]; then ln -s "usr/$directory" "$target/$directory"; fi
done
# The FFI library's build for it, the version that package.json pins; npm checks its hash. There is none for s390x.
if [ "$architecture" = arm64 ]; then
  version=$(node -p 'require("./package.json").dependencies.koffi')
  npm install --prefix "$target/koffi" --force --no-save --no-package-lock --no-audit --no-fund \
    "@koromix/koffi-linux-arm64@$version" >/dev/null 2>&1 || fail "npm has no koffi $version for arm64"
fi
say "$architecture is there: $(du -sh "$target" | cut -f 1)"
