#!/usr/bin/env bash
# Brings Debian's kernels for the virtual machines, without installing anything:
#
#   scripts/vm/kernels.sh CACHE KERNEL…     5.10, 6.1, 6.12, 7.2, 7.3, s390x, arm64
#
# Each is in CACHE/kernels/KERNEL: vmlinuz, config, release (what `uname -r` says there) and modules/. What is there
# stays; remove the folder for a newer build.
set -euo pipefail
cache=$(realpath -m "$1")
cd "$(dirname "$0")/../.."
source scripts/debian.sh

shift

# Suite, architecture and package (an expression: the newest of those that match) of each; a second line is for a
# mirror that doesn't have the first.
places_of() {
  case $1 in
    5.10) echo 'bullseye-security amd64 linux-image-5\.10\.0-[0-9]+-cloud-amd64' ;;
    6.1) echo 'bookworm-security amd64 linux-image-6\.1\.0-[0-9]+-cloud-amd64' ;;
    6.12) echo 'bookworm-security amd64 linux-image-6\.12\.[0-9]+\+deb12-cloud-amd64' ;;
    7.2) echo 'sid amd64 linux-binary-7\.2(\.[0-9]+)?(\+deb[0-9]+)?-cloud-amd64' ;;
    7.3) echo 'experimental amd64 linux-binary-7\.3([.~a-z0-9]+)?(\+deb[0-9]+)?-cloud-amd64' ;;
    s390x)
      echo 'trixie s390x linux-image-6\.12\.[0-9]+\+deb13-s390x'
      echo 'sid s390x linux-binary-7\.[0-9.]+(\+deb[0-9]+)?-s390x'
      ;;
    arm64)
      echo 'trixie-security arm64 linux-image-6\.12\.[0-9]+\+deb13-cloud-arm64'
      echo 'sid arm64 linux-binary-7\.[0-9.]+(\+deb[0-9]+)?-cloud-arm64'
      ;;
    *) fail "no kernel $1: say 5.10, 6.1, 6.12, 7.2, 7.3, s390x or arm64" ;;
  esac
}

# Sets package to the kernel's, in the first place that has it.
find_package() {
  local places suite architecture expression
  places=$(places_of "$1")
  package=
  while read -r suite architecture expression; do
    apt_suite "$cache/apt/$architecture" "$architecture" "$suite" || continue
    package=$(newest_package "$expression")
    [ -z "$package" ] || return 0
    say "$suite has no package $expression: a newer kernel took its place" >&2
  done <<<"$places"
  fail "no package of the kernel $1 can be had"
}

bring() {
  local kernel=$1 target=$cache/kernels/$1 package
  if [ -f "$target/release" ]; then return; fi
  find_package "$kernel"
  say "downloading $package"
  # From 7.1 on Debian has the image, the modules and the configuration in packages of their own.
  case $package in
    linux-binary-*) fetch_packages "$target.root" "$package" "${package/binary/modules}" "${package/binary/base}" ;;
    *) fetch_packages "$target.root" "$package" ;;
  esac || fail "the download of $package failed"
  keep "$target.root" "$target.part"
  rm -rf "$target.root" "$target"
  mv "$target.part" "$target"
  say "$kernel is $(cat "$target/release")"
}

# Where the files are differs between the packages: /boot or /usr/lib/modules/RELEASE.
keep() {
  local root=$1 part=$2 modules release
  rm -rf "$part"
  mkdir -p "$part"
  modules=$(find "$root" -type d -path '*lib/modules/*' -prune | head -n 1)
  [ -n "$modules" ] || fail "the packages hold no modules"
  release=$(basename "$modules")
  local image config
  image=$(find "$root" -type f \( -name 'vmlinuz*' -o -name 'vmlinux*' \) | head -n 1)
  config=$(find "$root" -type f \( -name "config-$release" -o -path "*/modules/$release/config" \) | head -n 1)
  [ -n "$image" ] || fail "the packages hold no kernel"
  [ -n "$config" ] || fail "the packages hold no configuration"
  mv "$image" "$part/vmlinuz"
  mv "$config" "$part/config"
  mv "$modules" "$part/modules"
  # The guest's insmod reads them as they are.
  find "$part/modules" -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz -dq
  echo "$release" >"$part/release"
}

mkdir -p "$cache/kernels"
exec 9>"$cache/kernels/lock"
flock 9
for kernel; do bring "$kernel"; done
