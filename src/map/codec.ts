import { type Btf, compileReader, compileWriter, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { WordView } from "../layout/index.ts";
import type { ElementBuffer } from "../sys/index.ts";
import { valueStride } from "./map-type-traits.ts";

/** Allocates zeroed memory for keys or values. */
export function makeElementBuffer(size: number): ElementBuffer {
  const bytes = new Uint8Array(size);
  return { bytes, view: new WordView(bytes.buffer) };
}

/**
 * Converts keys or values of a map to bytes and back. The bytes are in the caller's buffer, so a codec allocates
 * nothing except the JavaScript value that it returns.
 */
export interface Codec {
  /** The size in bytes of one key or value in a system call. */
  readonly size: number;
  write(to: ElementBuffer, at: number, value: unknown): void;
  read(from: ElementBuffer, at: number): unknown;
  /** Closes the fd that `write` has opened. Call it after the system call that uses the bytes. */
  release?(): void;
}

/** Makes a codec whose JavaScript values are the plain bytes. For 4 bytes, it also accepts a number. */
export function rawCodec(size: number, what: string): Codec {
  return {
    size,
    write(to, at, value) {
      if (writeBytes(to, at, value, size, what)) return;
      if (typeof value === "number" && size === 4) writeU32(to, at, value, what);
      else {
        throw new UsageError(
          `${what} must be a Uint8Array of ${size} bytes, not ${nameOf(value)}: without BTF, bpfts does not know its type`,
        );
      }
    },
    read: (from, at) => from.bytes.slice(at, at + size),
  };
}

/** Makes a codec for the indexes of arrays, and for other 32-bit numbers. */
export function indexCodec(what: string): Codec {
  return {
    size: 4,
    write(to, at, value) {
      if (typeof value === "number") writeU32(to, at, value, what);
      else if (!writeBytes(to, at, value, 4, what)) {
        throw new UsageError(`${what} must be a whole number that fits into 32 bits, not ${nameOf(value)}`);
      }
    },
    read: (from, at) => from.view.getUint32(at, true),
  };
}

/** Makes a codec for a BTF type. It writes a Uint8Array of the right length unchanged. */
export function typedCodec(btf: Btf, typeId: TypeId, size: number, what: string): Codec {
  if (btf.sizeOf(typeId) !== size) return rawCodec(size, what);
  const read = compileReader(btf, typeId);
  const write = compileWriter(btf, typeId, { name: what });
  return {
    size,
    write(to, at, value) {
      if (typeof value === "object" && writeBytes(to, at, value, size, what)) return;
      write(to.view, at, value);
    },
    read: (from, at) => read(from.view, at),
  };
}

/** Makes a codec for per-CPU values: arrays with one value for each possible CPU. */
export function perCpuCodec(one: Codec, cpus: number, what: string): Codec {
  const stride = valueStride(one.size);
  return {
    size: stride * cpus,
    write(to, at, value) {
      if (!Array.isArray(value) || value.length !== cpus) {
        throw new UsageError(
          `${what}: a per-CPU value must be an array of ${cpus} elements, one for each possible CPU`,
        );
      }
      to.bytes.fill(0, at, at + stride * cpus);
      for (let cpu = 0; cpu < cpus; cpu++) one.write(to, at + cpu * stride, value[cpu]);
    },
    read(from, at) {
      const values: unknown[] = [];
      for (let cpu = 0; cpu < cpus; cpu++) values.push(one.read(from, at + cpu * stride));
      return values;
    },
  };
}

/**
 * Makes a codec that throws UsageError for every value, for a map type without keys or without values. `reason` is the
 * error's message.
 */
export function refusingCodec(reason: string): Codec {
  const refuse = (): never => {
    throw new UsageError(reason);
  };
  return { size: 0, write: refuse, read: refuse };
}

/** Writes the caller's bytes and returns true. Returns false if the caller's value is not a Uint8Array. */
export function writeBytes(to: ElementBuffer, at: number, value: unknown, size: number, what: string): boolean {
  if (!(value instanceof Uint8Array)) return false;
  if (value.length !== size) throw new UsageError(`${what} must have ${size} bytes, but ${value.length} were given`);
  to.bytes.set(value, at);
  return true;
}

/** Writes a number as a u32. Throws UsageError if the number does not fit. */
export function writeU32(to: ElementBuffer, at: number, value: number, what: string): void {
  if (value >>> 0 !== value)
    throw new UsageError(`${what} must be a whole number that fits into 32 bits, not ${value}`);
  to.view.setUint32(at, value, true);
}

/** Returns a short text for a wrong value, for an error. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "bigint" ? `${value}n` : typeof value;
}
