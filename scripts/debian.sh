# shellcheck shell=bash
# Functions for other scripts to source. They download and unpack Debian's packages without installing them. They run
# apt with a state directory of its own, so the machine's packages, lists and keys do not change. apt checks the
# signatures and hashes. The packages come from the Debian mirror in the machine's own apt sources.
#
#   apt_suite STATE ARCHITECTURE SUITE…   reads the package lists of the suites, for the commands below. A package comes
#                                         from the first suite that has it
#   own_apt TOOL ARGUMENT…                runs apt-get or apt-cache with these lists
#   fetch_packages DIRECTORY PACKAGE…     downloads and unpacks only these packages
#   fetch_closure DIRECTORY PACKAGE…      downloads and unpacks these packages and all packages that they depend on
#
# If a download fails, apt_suite, fetch_packages and fetch_closure print the reason and return 1.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}

say() {
  echo "$(basename "$0"): $1"
}

need() {
  command -v "$1" >/dev/null || fail "needs $1"
}

# Prints the first Debian mirror in the machine's apt sources, which can have two formats.
mirror() {
  local files=()
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    if [ -f "$file" ]; then files+=("$file"); fi
  done
  [ ${#files[@]} -gt 0 ] || return 0
  sed -nE -e 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' -e 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' \
    "${files[@]}" | grep -E '/debian/?$' | head -n 1
}

# Prints the line of sources.list for a suite. On each mirror, the directory of the security suites is next to /debian.
source_of() {
  local suite=$1 uri
  uri=$(mirror)
  [ -n "$uri" ] || fail "the apt sources in /etc/apt name no Debian mirror"
  case $suite in *-security) uri=${uri%/}-security ;; esac
  echo "deb [signed-by=$keyring] $uri $suite main"
}

apt_suite() {
  apt_state=$1 apt_architecture=$2
  shift 2
  apt_name=$* suite=
  [ "${apt_read:-}" != "$apt_state/$apt_architecture/$apt_name" ] || return 0
  need apt-get
  need dpkg-deb
  [ -f "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
  mkdir -p "$apt_state/state/lists/partial" "$apt_state/cache/archives/partial"
  : >"$apt_state/status"
  : >"$apt_state/sources.list"
  for suite; do source_of "$suite" >>"$apt_state/sources.list"; done
  # Prefer the first suite. Otherwise apt takes the newest version, which the mirror may list but not have yet.
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 900\n' "$1" >"$apt_state/preferences"
  say "reading the package lists of $apt_name ($apt_architecture)"
  if ! own_apt apt-get update >"$apt_state/update.log" 2>&1; then
    say "the package lists of $apt_name ($apt_architecture) cannot be read: $(grep -m 1 '^E:' "$apt_state/update.log")" >&2
    return 1
  fi
  apt_read=$apt_state/$apt_architecture/$apt_name
}

# Runs an apt tool with our own package lists and cache, and with an empty list of installed packages.
own_apt() {
  local tool=$1
  shift
  "$tool" -q \
    -o Dir::Etc::SourceList="$apt_state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences="$apt_state/preferences" -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::Etc::Trusted=/dev/null -o Dir::Etc::TrustedParts=/dev/null \
    -o Dir::State="$apt_state/state" -o Dir::State::status="$apt_state/status" -o Dir::Cache="$apt_state/cache" \
    -o APT::Sandbox::User="$(id -un)" -o APT::Architecture="$apt_architecture" -o APT::Architectures="$apt_architecture" \
    -o APT::Install-Recommends=false -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=true \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
    "$@"
}

# Prints the newest of the packages whose names match the expression `$1`. The version is a part of the name.
newest_package() {
  own_apt apt-cache pkgnames | grep -E "^$1$" | sort -V | tail -n 1
}

fetch_packages() {
  local directory=$1
  shift
  download apt-get download "$@" && unpack_archives "$directory"
}

fetch_closure() {
  local directory=$1
  shift
  download apt-get install --yes --download-only "$@" && unpack_archives "$directory"
}

download() {
  rm -rf "$apt_state/cache/archives"
  mkdir -p "$apt_state/cache/archives/partial"
  (cd "$apt_state/cache/archives" && own_apt "$@") >"$apt_state/download.log" 2>&1 && return
  say "$apt_name: '$*' failed: $(grep -m 1 '^E:' "$apt_state/download.log")" >&2
  return 1
}

unpack_archives() {
  local directory=$1
  rm -rf "$directory.new"
  mkdir -p "$directory.new"
  for deb in "$apt_state"/cache/archives/*.deb; do
    # tar is used instead of `dpkg-deb -x`, because packages for a merged /usr contain both /lib and /usr/lib.
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$directory.new" --no-same-owner \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/i18n'
  done
  rm -rf "$directory" "$apt_state/cache/archives"
  mv "$directory.new" "$directory"
}
