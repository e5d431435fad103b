#!/usr/bin/env bash
# Downloads Debian's kernels for the virtual machines, without installing them:
#
#   scripts/vm/kernels.sh CACHE KERNEL…     5.10, 6.1, 6.12, 7.2, 7.3, s390x, arm64
#
# Each is in CACHE/kernels/KERNEL: vmlinuz, config, release (the output of `uname -r` on it) and modules/. A kernel that
# is already there is not downloaded again; to get a newer build, remove its directory.
set -euo pipefail
cache=$(realpath -m "$1")
cd "$(dirname "$0")/../.."
source scripts/debian.sh

shift

# Prints the suite, the architecture and an expression for the package name of a kernel. The newest package that matches
# is used. The second line is for mirrors without the package of the first line.
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
    *) fail "unknown kernel $1; give 5.10, 6.1, 6.12, 7.2, 7.3, s390x or arm64" ;;
  esac
}

# Sets `package` to the package of the kernel `$1`, from the first line of places_of for which the mirror has a package.
find_package() {
  local places suite architecture expression
  places=$(places_of "$1")
  package=
  while read -r suite architecture expression; do
    apt_suite "$cache/apt/$architecture" "$architecture" "$suite" || continue
    package=$(newest_package "$expression")
    [ -z "$package" ] || return 0
    say "$suite has no package $expression; a newer kernel may have replaced it" >&2
  done <<<"$places"
  fail "the mirror has no package of the kernel $1"
}

bring() {
  local kernel=$1 target=$cache/kernels/$1 package
  if [ -f "$target/release" ]; then return; fi
  find_package "$kernel"
  say "downloading $package"
  # From 7.1 on, the image, the modules and the configuration are in separate packages.
  case $package in
    linux-binary-*) fetch_packages "$target.root" "$package" "${package/binary/modules}" "${package/binary/base}" ;;
    *) fetch_packages "$target.root" "$package" ;;
  esac || fail "the download of $package failed"
  keep "$target.root" "$target.part"
  rm -rf "$target.root" "$target"
  mv "$target.part" "$target"
  say "$kernel is $(cat "$target/release")"
}

# Moves the kernel's files from the unpacked packages `$1` to the directory `$2`. Depending on the package, they are in
# /boot or in /usr/lib/modules/RELEASE.
keep() {
  local root=$1 part=$2 modules release
  rm -rf "$part"
  mkdir -p "$part"
  modules=$(find "$root" -type d -path '*lib/modules/*' -prune | head -n 1)
  [ -n "$modules" ] || fail "the packages contain no modules"
  release=$(basename "$modules")
  local image config
  image=$(find "$root" -type f \( -name 'vmlinuz*' -o -name 'vmlinux*' \) | head -n 1)
  config=$(find "$root" -type f \( -name "config-$release" -o -path "*/modules/$release/config" \) | head -n 1)
  [ -n "$image" ] || fail "the packages contain no kernel"
  [ -n "$config" ] || fail "the packages contain no configuration"
  mv "$image" "$part/vmlinuz"
  mv "$config" "$part/config"
  mv "$modules" "$part/modules"
  # Unpack the modules, because the guest's insmod cannot read compressed ones.
  find "$part/modules" -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz -dq
  echo "$release" >"$part/release"
}

mkdir -p "$cache/kernels"
exec 9>"$cache/kernels/lock"
flock 9
for kernel; do bring "$kernel"; done
