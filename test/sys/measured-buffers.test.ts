// The kernel reads from and writes to buffers of the caller, and does not know where they end.
import assert from "node:assert/strict";
import { mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assemble, exit, mov, r0, r1, r2, stx } from "../../src/asm/index.ts";
import { Errno, SyscallError, UsageError } from "../../src/errors/index.ts";
import {
  btfLoad,
  mapCreate,
  mapDeleteBatch,
  mapLookupAndDeleteBatch,
  mapLookupBatch,
  mapLookupElem,
  mapMemory,
  mapUpdateBatch,
  mapUpdateElem,
  progLoad,
  progTestRun,
} from "../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";
import { needs } from "../support/feature.ts";
import { returning } from "../support/programs.ts";

/** Bytes that claim to be more than they are. */
class Overstated extends Uint8Array<ArrayBuffer> {
  override get length(): number {
    return 4096;
  }
  override get byteLength(): number {
    return 4096;
  }
}

/** Bytes at the beginning of a larger buffer, so that a write past their end is seen. */
function overstated(size: number): { readonly bytes: Overstated; readonly behind: Uint8Array } {
  const buffer = new ArrayBuffer(1 << 20);
  const behind = new Uint8Array(buffer, size).fill(0xaa);
  return { bytes: new Overstated(buffer, 0, size), behind };
}

const isUntouched = (behind: Uint8Array): boolean => behind.every((byte) => byte === 0xaa);

test("a batch of more elements than its buffers hold is refused", (t) => {
  const fd = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_HASH, key_size: 4, value_size: 8, max_entries: 64 }),
  );
  const keys = new Uint8Array(Uint32Array.from({ length: 64 }, (_, i) => i).buffer);
  assert.equal(mapUpdateBatch(fd, keys, new Uint8Array(64 * 8), 64), 64);
  const cursor = new Uint8Array(4);
  const room = new Uint8Array(64 * 8);
  const few = new Uint8Array(8);
  for (const [what, call] of Object.entries({
    "keys to read": () => mapLookupBatch(fd, cursor, true, few, room, 64),
    "values to read": () => mapLookupBatch(fd, cursor, true, keys, few, 64),
    "keys to take": () => mapLookupAndDeleteBatch(fd, cursor, true, few, room, 64),
    "values to take": () => mapLookupAndDeleteBatch(fd, cursor, true, keys, few, 64),
    "keys to write": () => mapUpdateBatch(fd, few, room, 64),
    "values to write": () => mapUpdateBatch(fd, keys, few, 64),
    "keys to delete": () => mapDeleteBatch(fd, few, 64),
    "an overstated length": () => mapLookupBatch(fd, cursor, true, keys, overstated(8).bytes, 64),
    "a count below 0": () => mapLookupBatch(fd, cursor, true, keys, room, -1),
    "a fraction": () => mapLookupBatch(fd, cursor, true, keys, room, 1.5),
    "a count of 33 bits": () => mapLookupBatch(fd, cursor, true, keys, room, 2 ** 32 + 1),
  })) {
    assert.throws(call, UsageError, what);
  }
});

test("a value is read into no more bytes than its array has", (t) => {
  for (const value_size of [8, 100_000]) {
    const fd = owned(
      t,
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size, max_entries: 1 }),
    );
    mapUpdateElem(fd, new Uint8Array(4), new Uint8Array(value_size).fill(1));
    const { bytes, behind } = overstated(4);
    try {
      mapLookupElem(fd, new Uint8Array(4), bytes);
    } catch (error) {
      // A value longer than the room of a call ends at an inaccessible page.
      assert.ok(error instanceof SyscallError && error.errno === Errno.EFAULT);
    }
    assert.ok(isUntouched(behind), `values of ${value_size} bytes`);
  }
});

test("a program gets no more of its context than its array has", (t) => {
  if (!needs(t, "prog:syscall")) return;
  // The program writes 8 bytes at 96, which the context does not have.
  const insns = assemble([mov(r2, 1), stx("u64", r1, r2, 96), mov(r0, 0), exit()]);
  const prog_type = BpfProgType.BPF_PROG_TYPE_SYSCALL;
  const fd = owned(t, progLoad({ prog_type, prog_flags: 1 << 4, insns }));
  const { bytes, behind } = overstated(8);
  assert.throws(
    () => progTestRun(fd, { ctx_in_place: bytes }),
    (error) => error instanceof SyscallError && error.errno === Errno.EINVAL,
  );
  assert.ok(isUntouched(behind));
});

test("instructions, BTF and packets are as long as their arrays are", (t) => {
  const prog_type = BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER;
  const insns = new Overstated(new ArrayBuffer(16));
  insns.set(returning(7));
  const fd = owned(t, progLoad({ prog_type, insns }));
  const { bytes } = overstated(14);
  const { data_size_out } = progTestRun(fd, { data_in: bytes, data_size_out: 1 << 17 });
  assert.equal(data_size_out, 14);
  const btf = new Overstated(new ArrayBuffer(24));
  btf.set([0x9f, 0xeb, 1, 0, 24]);
  assert.throws(() => btfLoad(btf), SyscallError);
});

test("a file is not mapped: a read behind its end would end the process", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "short");
  writeFileSync(path, "x");
  const fd = owned(t, openSync(path, "r+"));
  truncateSync(path, 0);
  assert.throws(
    () => mapMemory(fd, { length: 4096 }, "the file"),
    /the file: fd \d+ is a file; only the memory of maps/,
  );
});
