import { type Btf, compileReader, compileWriter, type TypeId } from "../../btf/index.ts";
import { UsageError } from "../../errors/index.ts";

/** How keys or values of a map become bytes and back. */
export interface Codec {
  /** Bytes that one takes, for a per-CPU value on one CPU. */
  readonly size: number;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** Bytes as they are. A u32, the key of arrays, may also be given as a number. */
export function rawCodec(size: number, what: string): Codec {
  return {
    size,
    encode(value) {
      if (typeof value === "number" && size === 4) {
        if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
          throw new UsageError(`${what}: ${value} is no u32`);
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(0, value, true);
        return bytes;
      }
      return ownBytes(value, size, what) ?? wrongType(value, size, what);
    },
    decode: (bytes) => bytes,
  };
}

/** u32 numbers: the keys of arrays, the ids that maps of objects give back, the fds that they take. */
export function u32Codec(what: string): Codec {
  const raw = rawCodec(4, what);
  return {
    size: 4,
    encode: (value) => raw.encode(typeof value === "object" && value !== null && "fd" in value ? value.fd : value),
    decode: (bytes) => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true),
  };
}

/** Values of a BTF type. Bytes of the right size are taken as they are. */
export function typedCodec(btf: Btf, typeId: TypeId, size: number, what: string): Codec {
  if (btf.sizeOf(typeId) !== size) return rawCodec(size, what);
  const read = compileReader(btf, typeId);
  const write = compileWriter(btf, typeId, { name: what });
  return {
    size,
    encode(value) {
      const given = ownBytes(value, size, what);
      if (given !== undefined) return given;
      const bytes = new Uint8Array(size);
      write(new DataView(bytes.buffer), 0, value);
      return bytes;
    },
    decode: (bytes) => read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0),
  };
}

/** One value a possible CPU, each on a multiple of 8 bytes, as the kernel lays per-CPU values out. */
export function perCpuCodec(one: Codec, cpus: number, what: string): Codec {
  const stride = Math.ceil(one.size / 8) * 8;
  return {
    size: stride * cpus,
    encode(value) {
      if (!Array.isArray(value) || value.length !== cpus) {
        throw new UsageError(`${what}: a per-CPU value is an array of ${cpus}, one for each possible CPU`);
      }
      const bytes = new Uint8Array(stride * cpus);
      for (const [cpu, each] of value.entries()) bytes.set(one.encode(each), cpu * stride);
      return bytes;
    },
    decode: (bytes) =>
      Array.from({ length: cpus }, (_, cpu) => one.decode(bytes.slice(cpu * stride, cpu * stride + one.size))),
  };
}

function ownBytes(value: unknown, size: number, what: string): Uint8Array | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length !== size) throw new UsageError(`${what}: ${value.length} bytes given, ${size} are needed`);
  return value;
}

function wrongType(value: unknown, size: number, what: string): never {
  throw new UsageError(
    `${what}: the map has no BTF for it, so it is a Uint8Array of ${size} bytes, not ${typeof value}`,
  );
}
