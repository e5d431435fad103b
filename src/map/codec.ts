import { type Btf, compileReader, compileWriter, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import type { Room } from "./room.ts";

/** How keys or values of a map become bytes and back, in place: nothing is allocated but what is returned. */
export interface Codec {
  /** Bytes that one takes in a system call. */
  readonly size: number;
  write(room: Room, at: number, value: unknown): void;
  read(room: Room, at: number): unknown;
  /** Closes what `write` opened for the system call. */
  release?(): void;
}

/** Bytes as they are. A u32 may also be given as a number. */
export function rawCodec(size: number, what: string): Codec {
  return {
    size,
    write(room, at, value) {
      if (writeBytes(room, at, value, size, what)) return;
      if (typeof value === "number" && size === 4) writeU32(room, at, value, what);
      else {
        throw new UsageError(
          `${what}: the map has no BTF for it, so it is a Uint8Array of ${size} bytes, not ${nameOf(value)}`,
        );
      }
    },
    read: (room, at) => room.bytes.slice(at, at + size),
  };
}

/** u32 numbers: the indexes of arrays. */
export function indexCodec(what: string): Codec {
  return {
    size: 4,
    write(room, at, value) {
      if (typeof value === "number") writeU32(room, at, value, what);
      else if (!writeBytes(room, at, value, 4, what)) {
        throw new UsageError(`${what}: ${nameOf(value)} is no u32`);
      }
    },
    read: (room, at) => room.view.getUint32(at, true),
  };
}

/** Values of a BTF type. Bytes of the right size are taken as they are. */
export function typedCodec(btf: Btf, typeId: TypeId, size: number, what: string): Codec {
  if (btf.sizeOf(typeId) !== size) return rawCodec(size, what);
  const read = compileReader(btf, typeId);
  const write = compileWriter(btf, typeId, { name: what });
  return {
    size,
    write(room, at, value) {
      if (typeof value === "object" && writeBytes(room, at, value, size, what)) return;
      write(room.view, at, value);
    },
    read: (room, at) => read(room.view, at),
  };
}

/** One value a possible CPU, each on a multiple of 8 bytes, as the kernel lays per-CPU values out. */
export function perCpuCodec(one: Codec, cpus: number, what: string): Codec {
  const stride = Math.ceil(one.size / 8) * 8;
  return {
    size: stride * cpus,
    write(room, at, value) {
      if (!Array.isArray(value) || value.length !== cpus) {
        throw new UsageError(`${what}: a per-CPU value is an array of ${cpus}, one for each possible CPU`);
      }
      room.bytes.fill(0, at, at + stride * cpus);
      for (let cpu = 0; cpu < cpus; cpu++) one.write(room, at + cpu * stride, value[cpu]);
    },
    read(room, at) {
      const values: unknown[] = [];
      for (let cpu = 0; cpu < cpus; cpu++) values.push(one.read(room, at + cpu * stride));
      return values;
    },
  };
}

/** For what a type of map does not have: refuses every value. */
export function refusingCodec(reason: string): Codec {
  const refuse = (): never => {
    throw new UsageError(reason);
  };
  return { size: 0, write: refuse, read: refuse };
}

/** Writes a caller's own bytes; false where the value is none. */
export function writeBytes(room: Room, at: number, value: unknown, size: number, what: string): boolean {
  if (!(value instanceof Uint8Array)) return false;
  if (value.length !== size) throw new UsageError(`${what}: ${value.length} bytes given, ${size} are needed`);
  room.bytes.set(value, at);
  return true;
}

/** Writes a number that must be a u32. */
export function writeU32(room: Room, at: number, value: number, what: string): void {
  if (value >>> 0 !== value) throw new UsageError(`${what}: ${value} is no u32`);
  room.view.setUint32(at, value, true);
}

/** A wrong value's kind, for a message. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "bigint" ? `${value}n` : typeof value;
}
