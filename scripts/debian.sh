# shellcheck shell=bash
# To be sourced. Debian's packages without installing anything: apt does the work with a state of its own, so the
# machine's packages, lists and keys stay as they are, and apt itself checks the signatures and hashes. The mirror is
# the one that the machine's own sources name; only the suite and the architecture differ.
#
#   apt_suite STATE ARCHITECTURE SUITE…   reads the lists of a suite; the commands below use them. Of several suites
#                                         the first that has a package provides it
#   own_apt TOOL ARGUMENT…                runs apt-get or apt-cache on those lists
#   fetch_packages DIRECTORY PACKAGE…     downloads and unpacks these packages alone
#   fetch_closure DIRECTORY PACKAGE…      downloads and unpacks them with everything they depend on
#
# apt_suite, fetch_packages and fetch_closure return 1 and say why if the mirror does not deliver.

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

# The security suites stand beside the others on every mirror.
source_of() {
  local suite=$1 uri
  uri=$(mirror)
  [ -n "$uri" ] || fail "no Debian mirror in /etc/apt"
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
  # apt takes the newest version, and of equal versions any. A mirror may list a version that it does not hold yet.
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 900\n' "$1" >"$apt_state/preferences"
  say "reading the package lists of $apt_name ($apt_architecture)"
  if ! own_apt apt-get update >"$apt_state/update.log" 2>&1; then
    say "the lists of $apt_name ($apt_architecture) can't be read: $(grep -m 1 '^E:' "$apt_state/update.log")" >&2
    return 1
  fi
  apt_read=$apt_state/$apt_architecture/$apt_name
}

# Runs an apt tool on our own lists, cache and (empty) list of installed packages.
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

# The newest package whose name matches, by version order of the names.
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
    # --fsys-tarfile and tar rather than -x: Debian's packages of a merged /usr hold /lib and /usr/lib both.
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$directory.new" --no-same-owner \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/i18n'
  done
  rm -rf "$directory" "$apt_state/cache/archives"
  mv "$directory.new" "$directory"
}
