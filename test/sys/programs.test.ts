import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SyscallError, UsageError } from "../../src/errors/index.ts";
import {
  btfGetFdById,
  btfGetNextId,
  btfInfo,
  btfLoad,
  enableStats,
  kernelAtLeast,
  mapCreate,
  mapInfo,
  progBindMap,
  progGetFdById,
  progGetNextId,
  progInfo,
  progLoad,
  progStreamReadByFd,
  progTestRun,
  tryBtfLoad,
  tryProgLoad,
} from "../../src/sys/index.ts";
import { BpfMapType, BpfProgType, BpfStream } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";
import { rounds } from "../support/emulation.ts";
import { needs } from "../support/feature.ts";
import { returning } from "../support/programs.ts";

const p = BpfProgType;

test("PROG_LOAD, and everything that info tells", (t) => {
  const fd = owned(t, progLoad({ prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(0), prog_name: "two" }));
  const info = progInfo(fd, {
    map_ids: true,
    xlated_prog_insns: true,
    jited_prog_insns: true,
    jited_ksyms: true,
    jited_func_lens: true,
    func_info: true,
    line_info: true,
    jited_line_info: true,
    prog_tags: true,
  });
  assert.equal(info.type, p.BPF_PROG_TYPE_SOCKET_FILTER);
  assert.equal(info.name, "two");
  assert.equal(info.gpl_compatible, true);
  assert.equal(info.created_by_uid, process.getuid?.());
  assert.equal(info.tag.length, 8);
  assert.deepEqual(info.map_ids, []);
  assert.deepEqual(info.xlated_prog_insns, returning(0));
  assert.equal(info.jited_prog_insns?.length, info.jited_prog_len);
  assert.ok(info.jited_prog_len > 0);
  assert.equal(info.jited_ksyms?.length, 1);
  assert.deepEqual(info.jited_func_lens, [info.jited_prog_len]);
  assert.deepEqual(info.func_info, new Uint8Array(0));
  assert.deepEqual(info.line_info, new Uint8Array(0));
  assert.deepEqual(info.jited_line_info, []);
  assert.deepEqual(info.prog_tags, [info.tag]);
  assert.equal(progGetNextId(info.id - 1), info.id);
  const again = owned(t, progGetFdById(info.id));
  assert.deepEqual(progInfo(again).tag, info.tag);
  assert.equal(progInfo(again).xlated_prog_insns, undefined);
  if (kernelAtLeast(6, 18)) assert.equal(info.verified_insns, 2);
});

test("more maps than the first question has room for", (t) => {
  const fd = owned(t, progLoad({ prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(0) }));
  const maps: number[] = [];
  for (let i = 0; i < 70; i++) {
    const map = owned(
      t,
      mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 }),
    );
    progBindMap(fd, map);
    maps.push(mapInfo(map).id);
    if (i === 3) assert.deepEqual(progInfo(fd, { map_ids: true }).map_ids, maps);
  }
  assert.deepEqual(progInfo(fd, { map_ids: true }).map_ids, maps);
  assert.deepEqual(progInfo(fd, { map_ids: true, xlated_prog_insns: true }).map_ids, maps);
});

test("a program that the verifier refuses, with its log", () => {
  const result = tryProgLoad({
    prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER,
    insns: returning(0).subarray(8),
    log: { size: 4096 },
  });
  assert.equal(result.fd, undefined);
  assert.match(result.log, /R0 !read_ok/);
  if (kernelAtLeast(6, 4)) assert.equal(result.logTrueSize, result.log.length + 1);
  assert.throws(
    () => progLoad({ prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(0).subarray(8), prog_name: "bad" }),
    { message: 'program "bad": bpf(BPF_PROG_LOAD): Permission denied (EACCES)' },
  );
});

test("a log that does not fit says how long it is", (t) => {
  if (!kernelAtLeast(6, 4)) return t.skip("log_true_size came with 6.4");
  const result = tryProgLoad({
    prog_type: p.BPF_PROG_TYPE_SOCKET_FILTER,
    insns: returning(0),
    log: { size: 32, level: 2 },
  });
  assert.equal(result.errno, 28);
  assert.ok(result.logTrueSize > 32);
  assert.ok(result.log.length < 32);
});

test("arguments that cannot be right are refused before the kernel sees them", () => {
  const prog_type = p.BPF_PROG_TYPE_SOCKET_FILTER;
  assert.throws(() => progLoad({ prog_type, insns: new Uint8Array(0) }), UsageError);
  assert.throws(() => progLoad({ prog_type, insns: new Uint8Array(9) }), UsageError);
  assert.throws(() => progLoad({ prog_type, insns: returning(0), func_info: new Uint8Array(7) }), UsageError);
  assert.throws(() => progLoad({ prog_type, insns: returning(0), license: "GPL\0x" }), UsageError);
  assert.throws(() => tryProgLoad({ prog_type, insns: returning(0), log: { size: 0 } }), UsageError);
});

test("TEST_RUN with packet and context", (t) => {
  const xdp = owned(t, progLoad({ prog_type: p.BPF_PROG_TYPE_XDP, insns: returning(2) }));
  const packet = Uint8Array.from({ length: 64 }, (_, i) => i);
  const run = progTestRun(xdp, { data_in: packet, data_size_out: 128, repeat: 10 });
  assert.equal(run.retval, 2);
  assert.deepEqual(run.data_out, packet);
  assert.equal(run.ctx_out, undefined);
  const cut = progTestRun(xdp, { data_in: packet, data_size_out: 10 });
  assert.deepEqual(cut.data_out, packet.subarray(0, 10));
  assert.equal(cut.data_size_out, 64);
  // 5.10 lets a packet be shorter than an Ethernet header.
  if (kernelAtLeast(5, 18)) {
    assert.throws(() => progTestRun(xdp, { data_in: new Uint8Array(4) }), { errnoName: "EINVAL" });
  }
});

test("a test run of many repeats ends under a profiler, whose signals come faster than it", (t) => {
  const profiles = mkdtempSync(join(tmpdir(), "bpfts-profile-"));
  t.after(() => rmSync(profiles, { recursive: true }));
  const script = `
    const { progLoad, progTestRun } = await import("bpfts/sys");
    const insns = Uint8Array.from(${JSON.stringify([...returning(2)])});
    const prog_fd = progLoad({ prog_type: ${p.BPF_PROG_TYPE_XDP}, insns });
    const run = progTestRun(prog_fd, { data_in: new Uint8Array(64), repeat: ${rounds(5_000_000)} });
    console.log(run.retval);`;
  const profiler = ["--cpu-prof", "--cpu-prof-interval", "500", "--cpu-prof-dir", profiles];
  const text = execFileSync(process.execPath, [...profiler, "--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(text.trim(), "2");
});

test("ENABLE_STATS counts runs while its fd is open", (t) => {
  const fd = owned(t, progLoad({ prog_type: p.BPF_PROG_TYPE_XDP, insns: returning(2) }));
  owned(t, enableStats());
  progTestRun(fd, { data_in: new Uint8Array(64), repeat: 5 });
  const info = progInfo(fd);
  // Test runs of XDP are counted since 5.?; a kernel that does not leaves 0.
  assert.ok(info.run_cnt === 5n || info.run_cnt === 0n, String(info.run_cnt));
});

test("PROG_STREAM_READ_BY_FD on a program that wrote nothing", (t) => {
  if (!needs(t, "prog:syscall")) return;
  const fd = owned(t, progLoad({ prog_type: p.BPF_PROG_TYPE_SYSCALL, insns: returning(0), prog_flags: 1 << 4 }));
  const into = new Uint8Array(128);
  if (!kernelAtLeast(6, 17)) {
    assert.throws(() => progStreamReadByFd(fd, BpfStream.BPF_STREAM_STDERR, into), SyscallError);
    return t.skip("streams came with 6.17");
  }
  assert.equal(progStreamReadByFd(fd, BpfStream.BPF_STREAM_STDERR, into), 0);
  assert.throws(() => progStreamReadByFd(fd, 77, into), { errnoName: "ENOENT" });
});

// A header (24 bytes), `int` (INT, 4 bytes, signed) and its name.
function smallBtf(): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 16 + 5));
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 24, true);
  view.setUint32(12, 16, true);
  view.setUint32(16, 16, true);
  view.setUint32(20, 5, true);
  view.setUint32(24, 1, true);
  view.setUint32(28, 1 << 24, true);
  view.setUint32(32, 4, true);
  view.setUint32(36, (1 << 24) | 32, true);
  new Uint8Array(view.buffer).set([0, 0x69, 0x6e, 0x74, 0], 40);
  return new Uint8Array(view.buffer);
}

test("BTF_LOAD and what info tells", (t) => {
  const fd = owned(t, btfLoad(smallBtf()));
  const info = btfInfo(fd, { data: true });
  assert.equal(info.btf_size, 45);
  assert.deepEqual(info.btf, smallBtf());
  assert.equal(info.kernel_btf, false);
  assert.equal(info.name, "");
  assert.equal(btfGetNextId(info.id - 1), info.id);
  assert.equal(btfInfo(owned(t, btfGetFdById(info.id))).id, info.id);
  const broken = smallBtf();
  broken[40] = 1;
  const result = tryBtfLoad(broken, { log: { size: 4096 } });
  assert.equal(result.fd, undefined);
  assert.match(result.log, /string/i);
});

test("the kernel's own BTF by id", (t) => {
  // 5.10 gives its BTF no id, so the first is a program's.
  if (!kernelAtLeast(5, 11)) return t.skip("the kernel's BTF has an id since 5.11");
  const fd = owned(t, btfGetFdById(btfGetNextId(0) ?? 0));
  const info = btfInfo(fd, { data: true });
  assert.equal(info.name, "vmlinux");
  assert.equal(info.kernel_btf, true);
  assert.deepEqual(info.btf, new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));
});

test("importing src/sys loads no FFI library", () => {
  const script = `
    await import("bpfts/sys");
    const { createRequire } = await import("node:module");
    const require = createRequire(${JSON.stringify(import.meta.url)});
    console.log(Object.keys(require.cache).filter((file) => file.includes("koffi")).length);`;
  const text = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(text.trim(), "0");
});
