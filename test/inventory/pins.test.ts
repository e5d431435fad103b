import assert from "node:assert/strict";
import { test } from "node:test";
import { pinnedPaths } from "../../src/inventory/index.ts";
import { decodeFileName } from "../../src/layout/index.ts";
import { objPin } from "../../src/sys/index.ts";
import { BpfProgType } from "../../src/uapi/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { counting } from "../support/counting.ts";

test("a pin whose name is not UTF-8 is listed under a name that opens it", (t) => {
  const bpffs = withBpffs(t);
  const { program } = counting(t, { prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER });
  const path = `${bpffs}/${decodeFileName(Uint8Array.of(0x78, 0xff, 0x79))}`;
  objPin(path, program.fd);
  assert.deepEqual(pinnedPaths("program").get(program.id), [path]);
});
