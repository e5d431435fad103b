#!/usr/bin/env bash
# Records anew what bpftool 7.8 says to the command lines of test/parity/command-lines/table.ts, as root, into
# test/golden/command-lines.json; where we mean to say something else, ours beside it. Look at the difference before
# committing it. With COMMAND_LINES=WORD only the groups of the table with that word in their name.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .cache/peers/bpftool ] || { echo "no bpftool: run scripts/peers.sh"; exit 1; }
npm run -s build:test
RECORD_GOLDEN=1 node --test .build/test/parity/command-lines.test.js
