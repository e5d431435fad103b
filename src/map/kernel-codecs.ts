import { closeSync, openSync } from "node:fs";
import { UsageError } from "../errors/index.ts";
import { closeFd, pidfdOpen } from "../sys/index.ts";
import { type Codec, indexCodec, nameOf, writeBytes, writeU32 } from "./codec.ts";
import type { KeyKind } from "./map-type-traits.ts";

// Codecs for keys and values whose form the kernel defines: fds, ids, and structs of the kernel. The map's BTF has no
// influence on them.

/** An fd, or an object with an fd, such as a map, a program or a link. */
export type FdLike = number | { readonly fd: number };

function fdOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "fd" in value ? value.fd : value;
}

/** Makes a codec for maps, programs and other objects. It writes an object's fd and reads its id. */
export function fdCodec(what: string): Codec {
  const index = indexCodec(what);
  return { ...index, write: (to, at, value) => index.write(to, at, fdOf(value)) };
}

/**
 * Makes a codec for sockets. It writes a socket's fd and reads the socket's cookie. User space can read the value only
 * if it has 8 bytes.
 */
export function socketCodec(size: number, what: string): Codec {
  if (size !== 8) return fdCodec(what);
  return {
    size,
    write(to, at, value) {
      const fd = fdOf(value);
      if (typeof fd === "number") {
        writeU32(to, at, fd, what);
        to.view.setUint32(at + 4, 0, true);
      } else if (!writeBytes(to, at, fd, size, what)) {
        throw new UsageError(`${what} must be the fd of a socket, not ${nameOf(value)}`);
      }
    },
    read: (from, at) => from.view.getBigUint64(at, true),
  };
}

/**
 * Makes a codec for values of device and CPU maps (`struct bpf_devmap_val`, `bpf_cpumap_val`). A value of 4 bytes is a
 * number. A value of 8 bytes is a number and a program: `{ ifindex, program }` or `{ qsize, program }`. The codec
 * writes the program's fd and reads its id, with 0 for no program.
 */
export function redirectCodec(number: "ifindex" | "qsize", size: number, what: string): Codec {
  if (size !== 8) return indexCodec(what);
  return {
    size,
    write(to, at, value) {
      if (writeBytes(to, at, value, size, what)) return;
      const given = typeof value === "number" ? { [number]: value } : value;
      if (typeof given !== "object" || given === null)
        throw new UsageError(`${what} must be a number or an object, not ${nameOf(value)}`);
      const { [number]: first, program, ...rest } = given as Record<string, unknown>;
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined)
        throw new UsageError(`${what} cannot have a member ${unknown}; its members are ${number} and program`);
      const fd = program === undefined ? 0 : fdOf(program);
      if (typeof first !== "number" || typeof fd !== "number") {
        throw new UsageError(`${what}: ${number} must be a number, and program a program or its fd`);
      }
      writeU32(to, at, first, what);
      // The kernel also treats fd 0 as "no program" here (dev_map_update_elem, cpu_map_update_elem).
      writeU32(to, at + 4, fd, what);
    },
    read: (from, at) => ({ [number]: from.view.getUint32(at, true), program: from.view.getUint32(at + 4, true) }),
  };
}

/** One frame of a stack in a map with BPF_F_STACK_BUILD_ID: the file's build id, and the offset in the file. */
export type BuildIdFrame =
  | { readonly buildId: Uint8Array; readonly offset: bigint }
  /** The frame of an address for which the kernel found no file with a build id. */
  | { readonly ip: bigint };

const FRAME = 32;
const BPF_STACK_BUILD_ID_VALID = 1;

/**
 * Makes a codec for stack traces: arrays of addresses or {@link BuildIdFrame}s. The innermost frame comes first. An
 * address of 0 ends the stack.
 */
export function stackCodec(size: number, byBuildId: boolean, what: string): Codec {
  return {
    size,
    write(to, at, value) {
      if (!writeBytes(to, at, value, size, what)) throw new UsageError(`${what}: only BPF programs can write stacks`);
    },
    read(from, at) {
      const frames: (bigint | BuildIdFrame)[] = [];
      const step = byBuildId ? FRAME : 8;
      for (let place = at; place + step <= at + size; place += step) {
        if (!byBuildId) {
          const address = from.view.getBigUint64(place, true);
          if (address === 0n) break;
          frames.push(address);
          continue;
        }
        const status = from.view.getInt32(place, true);
        if (status === 0) break;
        const where = from.view.getBigUint64(place + 24, true);
        if (status === BPF_STACK_BUILD_ID_VALID) {
          frames.push({ buildId: from.bytes.slice(place + 4, place + 24), offset: where });
        } else frames.push({ ip: where });
      }
      return frames;
    },
  };
}

/** Makes a codec for keys of cgroup storage: the cgroup's id, and in keys of 16 bytes also the attach type. */
export function cgroupIdCodec(size: number, what: string): Codec {
  return {
    size,
    write(to, at, value) {
      if (writeBytes(to, at, value, size, what)) return;
      const key = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : { id: value };
      const { id, attachType = 0 } = key;
      if (typeof id !== "bigint" || typeof attachType !== "number") {
        throw new UsageError(`${what} must be the id of a cgroup as a bigint, or { id, attachType }`);
      }
      to.view.setBigUint64(at, id, true);
      if (size === 16) to.view.setBigUint64(at + 8, BigInt(attachType), true);
    },
    read(from, at) {
      const id = from.view.getBigUint64(at, true);
      return size === 16 ? { id, attachType: from.view.getUint32(at + 8, true) } : id;
    },
  };
}

/** The owner of local storage: an fd, or a pid or path from which this library opens an fd for the time of the call. */
export type StorageKey = FdLike | { readonly pid: number } | { readonly path: string };

/**
 * Makes a codec for keys of local storage: the owner's fd, for a task also `{ pid }`, for a file or cgroup also `{ path
 * }`.
 */
export function storageCodec(kind: KeyKind, what: string): Codec {
  const plain = fdCodec(what);
  let opened: (() => void) | undefined;
  return {
    size: 4,
    read: plain.read,
    write(to, at, value) {
      if (typeof value !== "object" || value === null || "fd" in value || value instanceof Uint8Array) {
        plain.write(to, at, value);
      } else if (kind === "task" && "pid" in value && typeof value.pid === "number") {
        const fd = pidfdOpen(value.pid);
        opened = () => closeFd(fd);
        writeU32(to, at, fd, what);
      } else if ((kind === "inode" || kind === "cgroup") && "path" in value && typeof value.path === "string") {
        const fd = openSync(value.path, "r");
        opened = () => closeSync(fd);
        writeU32(to, at, fd, what);
      } else {
        const other = kind === "task" ? " or { pid }" : kind === "socket" ? "" : " or { path }";
        throw new UsageError(
          `${what} of ${kind} storage must be a ${kind === "task" ? "pidfd" : "file descriptor"}${other}, not ${nameOf(value)}`,
        );
      }
    },
    release() {
      opened?.();
      opened = undefined;
    },
  };
}
