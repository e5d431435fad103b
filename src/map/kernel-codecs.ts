import { closeSync, openSync } from "node:fs";
import { UsageError } from "../errors/index.ts";
import { closeFd, pidfdOpen } from "../sys/index.ts";
import { type Codec, indexCodec, nameOf, writeBytes, writeU32 } from "./codec.ts";
import type { KeyKind } from "./map-type-traits.ts";

// Codecs of what is fixed by the kernel, whatever BTF a map has: fds, ids, and structs of its own.

/** Something with an fd: a map, a program, a link, a number. */
export type FdLike = number | { readonly fd: number };

function fdOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "fd" in value ? value.fd : value;
}

/** Maps, programs and the like: an fd on the way in, and an id (or nothing) on the way out. */
export function fdCodec(what: string): Codec {
  const index = indexCodec(what);
  return { ...index, write: (room, at, value) => index.write(room, at, fdOf(value)) };
}

/** Sockets: an fd on the way in, the socket's cookie on the way out; only values of 8 bytes can be read at all. */
export function socketCodec(size: number, what: string): Codec {
  if (size !== 8) return fdCodec(what);
  return {
    size,
    write(room, at, value) {
      const fd = fdOf(value);
      if (typeof fd === "number") {
        writeU32(room, at, fd, what);
        room.view.setUint32(at + 4, 0, true);
      } else if (!writeBytes(room, at, fd, size, what)) {
        throw new UsageError(`${what}: ${nameOf(value)} is no socket's fd`);
      }
    },
    read: (room, at) => room.view.getBigUint64(at, true),
  };
}

/**
 * Values of device and CPU maps (`struct bpf_devmap_val`, `bpf_cpumap_val`): a number, or in 8 bytes that and a program:
 * `{ ifindex, program }`, `{ qsize, program }`. The program is an fd on the way in, an id on the way out, 0 for none.
 */
export function redirectCodec(number: "ifindex" | "qsize", size: number, what: string): Codec {
  if (size !== 8) return indexCodec(what);
  return {
    size,
    write(room, at, value) {
      if (writeBytes(room, at, value, size, what)) return;
      const given = typeof value === "number" ? { [number]: value } : value;
      if (typeof given !== "object" || given === null) throw new UsageError(`${what}: ${nameOf(value)} is no object`);
      const { [number]: first, program, ...rest } = given as Record<string, unknown>;
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined) throw new UsageError(`${what}: there is no ${unknown}, but ${number} and program`);
      const fd = program === undefined ? 0 : fdOf(program);
      if (typeof first !== "number" || typeof fd !== "number") {
        throw new UsageError(`${what}: ${number} is a number, and program a program or its fd`);
      }
      writeU32(room, at, first, what);
      // An fd of 0 is none to the kernel too (dev_map_update_elem, cpu_map_update_elem).
      writeU32(room, at + 4, fd, what);
    },
    read: (room, at) => ({ [number]: room.view.getUint32(at, true), program: room.view.getUint32(at + 4, true) }),
  };
}

/** A place in a file, by its build id: what a stack of a map with BPF_F_STACK_BUILD_ID is made of. */
export type BuildIdFrame =
  | { readonly buildId: Uint8Array; readonly offset: bigint }
  /** An address that lies in no file with a build id. */
  | { readonly ip: bigint };

const FRAME = 32;
const BPF_STACK_BUILD_ID_VALID = 1;

/** Stacks: addresses, the innermost first, up to the first that is 0; or {@link BuildIdFrame}s. */
export function stackCodec(size: number, byBuildId: boolean, what: string): Codec {
  return {
    size,
    write(room, at, value) {
      if (!writeBytes(room, at, value, size, what)) throw new UsageError(`${what}: only programs write stacks`);
    },
    read(room, at) {
      const frames: (bigint | BuildIdFrame)[] = [];
      const step = byBuildId ? FRAME : 8;
      for (let place = at; place + step <= at + size; place += step) {
        if (!byBuildId) {
          const address = room.view.getBigUint64(place, true);
          if (address === 0n) break;
          frames.push(address);
          continue;
        }
        const status = room.view.getInt32(place, true);
        if (status === 0) break;
        const where = room.view.getBigUint64(place + 24, true);
        if (status === BPF_STACK_BUILD_ID_VALID) {
          frames.push({ buildId: room.bytes.slice(place + 4, place + 24), offset: where });
        } else frames.push({ ip: where });
      }
      return frames;
    },
  };
}

/** The key of a cgroup storage: the cgroup's id, in 16 bytes with the attach type. */
export function cgroupIdCodec(size: number, what: string): Codec {
  return {
    size,
    write(room, at, value) {
      if (writeBytes(room, at, value, size, what)) return;
      const key = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : { id: value };
      const { id, attachType = 0 } = key;
      if (typeof id !== "bigint" || typeof attachType !== "number") {
        throw new UsageError(`${what}: a key is a cgroup's id as a bigint, or { id, attachType }`);
      }
      room.view.setBigUint64(at, id, true);
      if (size === 16) room.view.setBigUint64(at + 8, BigInt(attachType), true);
    },
    read(room, at) {
      const id = room.view.getBigUint64(at, true);
      return size === 16 ? { id, attachType: room.view.getUint32(at + 8, true) } : id;
    },
  };
}

/** Whose storage: an fd, or what one can be opened from for the time of the call. */
export type StorageKey = FdLike | { readonly pid: number } | { readonly path: string };

/** Keys of storage beside a kernel object: the object's fd; for a task also `{ pid }`, for a file or cgroup `{ path }`. */
export function storageCodec(kind: KeyKind, what: string): Codec {
  const plain = fdCodec(what);
  let opened: (() => void) | undefined;
  return {
    size: 4,
    read: plain.read,
    write(room, at, value) {
      if (typeof value !== "object" || value === null || "fd" in value || value instanceof Uint8Array) {
        plain.write(room, at, value);
      } else if (kind === "task" && "pid" in value && typeof value.pid === "number") {
        const fd = pidfdOpen(value.pid);
        opened = () => closeFd(fd);
        writeU32(room, at, fd, what);
      } else if ((kind === "inode" || kind === "cgroup") && "path" in value && typeof value.path === "string") {
        const fd = openSync(value.path, "r");
        opened = () => closeSync(fd);
        writeU32(room, at, fd, what);
      } else {
        const other = kind === "task" ? " or { pid }" : kind === "socket" ? "" : " or { path }";
        throw new UsageError(
          `${what}: the key of ${kind} storage is a ${kind === "task" ? "pidfd" : "file descriptor"}${other}`,
        );
      }
    },
    release() {
      opened?.();
      opened = undefined;
    },
  };
}
