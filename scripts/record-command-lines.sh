#!/usr/bin/env bash
# Runs the command lines of test/parity/command-lines/table.ts with bpftool 7.8, and records the output in
# test/golden/command-lines.json. If bpfts prints something else on purpose, the file also contains its output. Check
# the changes before you commit the file. COMMAND_LINES=WORD selects the groups of the table whose names contain the
# word. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .cache/peers/bpftool ] || { echo "record-command-lines.sh: bpftool is missing; run scripts/peers.sh"; exit 1; }
npm run -s build:test
RECORD_GOLDEN=1 node --test .build/test/parity/command-lines.test.js
