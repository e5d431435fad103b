#!/usr/bin/env bash
# Runs the two commands of the README on a bare machine, which has only Debian, Node 20, npm and git.
#
#   scripts/bare-machine.sh            # runs the demo, then all tests
#   scripts/bare-machine.sh link map   # runs the demo, then the tests whose path contains one of the words
#   scripts/bare-machine.sh --make     # only makes the machine; this needs the network
#
# The machine is a Debian root in .cache/bare. It has its own mount and pid namespaces, but runs on this kernel. It gets
# a new clone of the last commit, and none of the caller's environment variables.
#
# Needs root, debootstrap and npm. Fails with a reason if the sandbox refuses mounts.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/debian.sh

readonly release=bookworm
readonly cache=$PWD/.cache/bare
readonly root=$cache/root-$release
readonly home=$root/root

[ "$(id -u)" -eq 0 ] || fail "needs root: it makes a Debian root and mounts file systems in it"
for tool in debootstrap npm git unshare chroot; do need "$tool"; done

# Installs Node 20 and npm from the package registry into the root `$1`, at the paths that a user's installer uses.
add_node() {
  local packages=$cache/node machine
  machine=$(case $(uname -m) in x86_64) echo x64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac)
  mkdir -p "$packages"
  npm install --prefix "$packages" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
    "node-linux-$machine@20" npm@10 >/dev/null || return 1
  install -m 755 "$packages/node_modules/node-linux-$machine/bin/node" "$1/usr/local/bin/node"
  mkdir -p "$1/usr/local/lib/node_modules"
  cp -r "$packages/node_modules/npm" "$1/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/local/bin/npx"
}

# Makes the root if it does not exist. It gets its final name only when it is complete.
make_root() {
  [ ! -d "$root" ] || return 0
  rm -rf "$root.new"
  mkdir -p "$cache"
  say "making a Debian root ($release)"
  debootstrap --keyring="$keyring" --variant=minbase --include=git,ca-certificates "$release" "$root.new" "$(mirror)" >"$cache/debootstrap.log" 2>&1 ||
    fail "debootstrap failed: $(tail -n 1 "$cache/debootstrap.log")"
  add_node "$root.new" || fail "npm could not install Node 20"
  mv "$root.new" "$root"
}

# Copies the network settings and the certificates that this machine trusts. Then makes a new home directory with npm's
# configuration and the repository to clone. Like the home of every root user, it is closed to other users.
make_home() {
  local trusted=/etc/ssl/certs/ca-certificates.crt file
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  for file in "$trusted" "${NODE_EXTRA_CA_CERTS:-}"; do
    if [ -f "$file" ]; then cat "$file"; fi
  done >"$cache/certificates"
  if [ -s "$cache/certificates" ]; then cp "$cache/certificates" "$root$trusted"; fi
  rm -rf "$home"
  mkdir -m 700 "$home"
  printf 'registry=%s\ncafile=%s\n' "$(npm config get registry)" "$trusted" >"$home/.npmrc"
  git clone --quiet --bare --no-hardlinks "file://$PWD" "$home/upstream.git"
}

# Prints the README's command that runs the npm script `$1`.
readme_command() {
  sed -nE "s/^(npm ci && npm (run )?$1)( .*)?$/\1/p" README.md | grep . || fail "README.md has no command for '$1'"
}

make_root
if [ "${1:-}" = --make ]; then exit 0; fi
make_home
main_job=$(readme_command demo)
tests=$(readme_command test)
[ $# -eq 0 ] || tests="$tests -- $*"

# Mounts what a container has too: its own /proc, and the kernel's file systems. Then runs the shell script `$2` there.
mounts='
  mount --bind "$1" "$1" && cd "$1" &&
  mount -t proc proc "$1/proc" &&
  mount -t sysfs sysfs "$1/sys" &&
  mount --rbind /dev "$1/dev" &&
  mount -t tmpfs tmpfs "$1/tmp" &&
  mount -t bpf bpf "$1/sys/fs/bpf" &&
  mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup" &&
  mount -t tracefs tracefs "$1/sys/kernel/tracing" ||
    { echo "bare-machine.sh: this sandbox refuses a mount that the tests need; run this script as root on the machine itself" >&2; exit 1; }
  pivot_root . . && umount -l . && cd / &&
  exec /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb sh -euc "$2"'

inside="
  git clone --quiet /root/upstream.git /root/bpfts
  cd /root/bpfts
  echo \"bare machine: Debian \$(cat /etc/debian_version), Node \$(node --version), npm \$(npm --version), \$(git --version), Linux \$(uname -r)\"
  echo '# $main_job'
  $main_job || exit 1
  echo '# $tests'
  $tests || exit 1"

unshare --mount --propagation private --pid --fork --kill-child sh -euc "$mounts" sh "$root" "$inside"
