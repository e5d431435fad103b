#!/bin/sh
# Builds target.c for x86-64 to target-fixed (at a fixed address) and target-moved (at any address), which are committed.
set -eu
cd "$(dirname "$0")"
common='-O1 -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noseparate-code'
# shellcheck disable=SC2086
gcc $common -static -no-pie -o target-fixed target.c
# shellcheck disable=SC2086
gcc $common -static-pie -fpie -o target-moved target.c
