import { assemble, call, callHelper, exit, label, ldMapValue, mov, r0, r1 } from "../../asm/index.ts";
import { BtfBuilder } from "../../btf/index.ts";
import { Errno, SyscallError } from "../../errors/index.ts";
import {
  closeFd,
  kernelAtLeast,
  linkCreate,
  mapCreate,
  type ProgLoadOptions,
  tryBtfLoad,
  tryProgLoad,
} from "../../sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../../uapi/index.ts";
import { addInt } from "../object-btf.ts";

/** Loads a program, closes it, and returns the errno; 0 if the kernel accepted the program. */
export function tryLoad(options: ProgLoadOptions): { readonly errno: number; readonly log: string } {
  const { fd, errno = 0, log } = tryProgLoad(options);
  if (fd !== undefined) closeFd(fd);
  return { errno, log };
}

/** Calls a function that makes an object, closes the object, and returns the errno; 0 if the kernel made the object. */
export function tryMake(make: () => number): number {
  try {
    closeFd(make());
    return 0;
  } catch (error) {
    if (error instanceof SyscallError) return error.errno;
    throw error;
  }
}

let cookie: boolean | undefined;

/** Returns true if the kernel has bpf_get_attach_cookie() (5.15). The extern LINUX_HAS_BPF_COOKIE gets this value. */
export function hasBpfCookie(): boolean {
  cookie ??= probeBpfCookie();
  return cookie;
}

function probeBpfCookie(): boolean {
  const insns = assemble([callHelper("bpf_get_attach_cookie"), exit()]);
  return tryLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_TRACEPOINT, insns }).errno === 0;
}

/**
 * Returns true if the kernel's functions for system calls (such as `__x64_sys_bpf`) take one `struct pt_regs *` instead
 * of the system call's arguments. They do so on riscv since 6.6, and on the other architectures in every supported
 * kernel. libbpf attaches a kprobe to find out, which works only if the kernel has kprobes.
 */
export function hasSyscallWrapper(): boolean {
  return process.arch !== "riscv64" || kernelAtLeast(6, 6);
}

let uprobeMulti: boolean | undefined;

/**
 * Returns true if the kernel has uprobe_multi links (6.6), and these links filter by process, not by thread (6.10).
 * USDT programs are then loaded for such links, as in libbpf. The probe makes a link for the process -1. A kernel that
 * filters by process rejects this link with EINVAL before it looks at the path.
 */
export function hasUprobeMulti(): boolean {
  uprobeMulti ??= probeUprobeMulti();
  return uprobeMulti;
}

/** The process -1, as a u32. The kernel converts it to a signed number. */
const NO_PROCESS = 0xffffffff;

function probeUprobeMulti(): boolean {
  const attachType = BpfAttachType.BPF_TRACE_UPROBE_MULTI;
  const { fd } = tryProgLoad({
    prog_type: BpfProgType.BPF_PROG_TYPE_KPROBE,
    insns: assemble([mov(r0, 0), exit()]),
    expected_attach_type: attachType,
  });
  if (fd === undefined) return false;
  const refusal = (pid?: number): number =>
    tryMake(() => linkCreate(fd, 0, attachType, { uprobe_multi: { path: "/", offsets: [0], pid } }));
  try {
    return refusal() === Errno.EBADF && refusal(NO_PROCESS) === Errno.EINVAL;
  } finally {
    closeFd(fd);
  }
}

let contextTag: boolean | undefined;

/**
 * Returns true if the verifier knows the tag `arg:ctx` for an argument of a function (6.8). The probe passes a `void *`
 * with this tag to a helper that takes a context.
 */
export function hasContextTag(): boolean {
  contextTag ??= probeContextTag();
  return contextTag;
}

function probeContextTag(): boolean {
  const types = new BtfBuilder();
  const returns = addInt(types);
  const type = types.add({ kind: "ptr", name: "", type: 0 });
  const proto = types.add({ kind: "func_proto", name: "", returns, params: [{ name: "context", type }] });
  const main = types.append({ kind: "func", name: "main", type: proto, linkage: "global" });
  const inner = types.append({ kind: "func", name: "inner", type: proto, linkage: "global" });
  types.append({ kind: "decl_tag", name: "arg:ctx", type: inner, component: 0, attribute: false });
  const btf = tryBtfLoad(types.encode()).fd;
  if (btf === undefined) return false;
  try {
    const { errno } = tryLoad({
      prog_type: BpfProgType.BPF_PROG_TYPE_KPROBE,
      insns: assemble([call("inner"), exit(), label("inner"), callHelper("bpf_get_func_ip"), exit()]),
      prog_btf_fd: btf,
      func_info: new Uint8Array(new Uint32Array([0, main, 2, inner]).buffer),
    });
    return errno === 0;
  } finally {
    closeFd(btf);
  }
}

let fullRange: boolean | undefined;

/**
 * Returns true if the offset into a map's value in an instruction may use all 32 bits. Before 6.20, the kernel accepts
 * only offsets below 2^29. libbpf has the same probe.
 */
export function hasFullRangeOffsets(): boolean {
  fullRange ??= probeFullRange();
  return fullRange;
}

function probeFullRange(): boolean {
  const map = mapCreate({
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 4,
    value_size: 1,
    max_entries: 1,
    map_name: "probe",
  });
  try {
    const insns = assemble([ldMapValue(r1, map, 2 ** 30), mov(r0, 0), exit()]);
    const { log } = tryLoad({
      prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER,
      insns,
      log: { size: 1024 },
    });
    // The offset is outside the map, so every kernel rejects the program. Only an older kernel rejects the offset
    // itself, with this message.
    return !log.includes("direct value offset of");
  } finally {
    closeFd(map);
  }
}
