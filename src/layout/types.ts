import { UsageError } from "../errors/index.ts";

/**
 * Layouts of C structs. Each layout is declared once. Values are read from and written to the bytes of a DataView.
 * Offsets follow the C ABI of the BPF UAPI headers: natural alignment, `__aligned_u64` for 64-bit members.
 */

/** Reads and writes values of a fixed size. Offsets in structs are computed from `size` and `align`, never typed in. */
export interface Type<T> {
  /** Size of a value in bytes. */
  readonly size: number;
  /** Alignment in bytes. */
  readonly align: number;
  /** True if `read` returns a view onto the same memory. */
  readonly isView?: true;
  /** Reads at byte `at`; little-endian unless `little` is false. */
  read(view: DataView, at: number, little?: boolean): T;
  /** Writes at byte `at`; little-endian unless `little` is false. */
  write(view: DataView, at: number, value: T, little?: boolean): void;
}
/** The JavaScript value of a {@link Type}. */
export type ValueOf<T> = T extends Type<infer V> ? V : never;

/** Rejects a number that a DataView would silently change: it stores both 2**32 + 1 and 1.5 as 1. */
function whole(x: number, low: number, high: number): number {
  if (x >= low && x <= high && Math.floor(x) === x) return x;
  throw new RangeError(`${String(x)} is not a whole number from ${low} to ${high}`);
}

function wholeWide(x: bigint, low: bigint, high: bigint): bigint {
  if (typeof x === "bigint" && x >= low && x <= high) return x;
  throw new RangeError(`${String(x)} is not a bigint from ${low} to ${high}`);
}

/** Returns `value` if it is a whole number in a range. Otherwise throws a UsageError that names the field. */
export function checkRange(value: number, least: number, most: number, field: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${field}: ${String(value)} is not a whole number from ${least} to ${most}`);
}

/** Returns `value` if it fits a u16. Otherwise throws a UsageError that names the field. */
export function checkU16(value: number, field: string): number {
  return checkRange(value, 0, 0xffff, field);
}

/** As {@link checkU16}, for a u32. */
export function checkU32(value: number, field: string): number {
  return checkRange(value, 0, 0xffff_ffff, field);
}

/** As {@link checkU16}, for an s32, for instance an fd where -1 means none. */
export function checkI32(value: number, field: string): number {
  return checkRange(value, -0x8000_0000, 0x7fff_ffff, field);
}

/** As {@link checkU16}, for a u64. The value may be a number or a bigint; the result is a bigint. */
export function checkU64(value: number | bigint, field: string): bigint {
  const fits =
    typeof value === "bigint" ? value >= 0n && value <= 0xffffffffffffffffn : Number.isSafeInteger(value) && value >= 0;
  if (fits) return BigInt(value);
  throw new UsageError(`${field}: ${String(value)} is not a whole number from 0 to 18446744073709551615`);
}

/** Adds bits to the caller's flags. Checks the flags first, because `|` would truncate them to 32 bits. */
export function addFlags(flags: number, bits: number, field: string): number {
  return (checkU32(flags, field) | bits) >>> 0;
}

/** Writes a number into a u32. Throws a UsageError that names the field if the number does not fit. */
export function writeU32(view: DataView, at: number, value: number, field: string): void {
  view.setUint32(at, checkU32(value, field), true);
}

/** As {@link writeU32}, for a u64. */
export function writeU64(view: DataView, at: number, value: number | bigint, field: string): void {
  view.setBigUint64(at, checkU64(value, field), true);
}

export const u8: Type<number> = {
  size: 1,
  align: 1,
  read: (v, at) => v.getUint8(at),
  write: (v, at, x) => v.setUint8(at, whole(x, 0, 0xff)),
};
export const u16: Type<number> = {
  size: 2,
  align: 2,
  read: (v, at, little = true) => v.getUint16(at, little),
  write: (v, at, x, little = true) => v.setUint16(at, whole(x, 0, 0xffff), little),
};
export const u32: Type<number> = {
  size: 4,
  align: 4,
  read: (v, at, little = true) => v.getUint32(at, little),
  write: (v, at, x, little = true) => v.setUint32(at, whole(x, 0, 0xffffffff), little),
};
export const i32: Type<number> = {
  size: 4,
  align: 4,
  read: (v, at, little = true) => v.getInt32(at, little),
  write: (v, at, x, little = true) => v.setInt32(at, whole(x, -0x80000000, 0x7fffffff), little),
};
export const u64: Type<bigint> = {
  size: 8,
  align: 8,
  read: (v, at, little = true) => v.getBigUint64(at, little),
  write: (v, at, x, little = true) => v.setBigUint64(at, wholeWide(x, 0n, 0xffffffffffffffffn), little),
};
export const i64: Type<bigint> = {
  size: 8,
  align: 8,
  read: (v, at, little = true) => v.getBigInt64(at, little),
  write: (v, at, x, little = true) =>
    v.setBigInt64(at, wholeWide(x, -0x8000000000000000n, 0x7fffffffffffffffn), little),
};
/** A u64 that holds a length, a size, an offset or an address below 2^53. Reading a larger number throws RangeError. */
export const usize: Type<number> = {
  size: 8,
  align: 8,
  read(v, at, little = true) {
    const low = v.getUint32(little ? at : at + 4, little);
    const high = v.getUint32(little ? at + 4 : at, little);
    if (high > 0x1fffff) throw new RangeError(`the 64-bit size 0x${high.toString(16)}${hex32(low)} is above 2^53-1`);
    return high * 0x100000000 + low;
  },
  write(v, at, x, little = true) {
    if (!Number.isSafeInteger(x) || x < 0) throw new RangeError(`${x} is not a size between 0 and 2^53-1`);
    v.setUint32(little ? at : at + 4, x >>> 0, little);
    v.setUint32(little ? at + 4 : at, Math.floor(x / 0x100000000), little);
  },
};

/** A boolean in the lowest bit of a u32. The kernel declares it as a u32 or as a one-bit field with no neighbours. */
export const flag: Type<boolean> = {
  size: 4,
  align: 4,
  read: (v, at, little = true) => (v.getUint32(at, little) & 1) === 1,
  write: (v, at, x, little = true) => v.setUint32(at, x ? 1 : 0, little),
};

/** `count` raw bytes, read as a view onto the same memory. */
export function bytes(count: number): Type<Uint8Array> {
  return {
    size: count,
    align: 1,
    isView: true,
    read: (v, at) => new Uint8Array(v.buffer, v.byteOffset + at, count),
    write: (v, at, x) => {
      if (x.length > count) throw new RangeError(`${x.length} bytes do not fit into ${count} bytes`);
      new Uint8Array(v.buffer, v.byteOffset + at, count).set(x);
    },
  };
}

/** NUL-padded text in ASCII, such as `char name[16]`; at most `count - 1` characters. */
export function chars(count: number): Type<string> {
  return {
    size: count,
    align: 1,
    read(v, at) {
      let text = "";
      for (let i = 0; i < count; i++) {
        const c = v.getUint8(at + i);
        if (c === 0) break;
        text += String.fromCharCode(c);
      }
      return text;
    },
    write(v, at, x) {
      if (x.length >= count) throw new RangeError(`"${x}" and a NUL do not fit into char[${count}]`);
      for (let i = 0; i < count; i++) v.setUint8(at + i, i < x.length ? x.charCodeAt(i) : 0);
    },
  };
}

/** An array of `count` values of one type. */
export function array<T>(type: Type<T>, count: number): Type<T[]> {
  return {
    size: type.size * count,
    align: type.align,
    read: (v, at, little) => Array.from({ length: count }, (_, i) => type.read(v, at + i * type.size, little)),
    write(v, at, values, little) {
      if (values.length > count) throw new RangeError(`${values.length} elements do not fit into an array of ${count}`);
      for (let i = 0; i < values.length; i++) type.write(v, at + i * type.size, values[i] as T, little);
    },
  };
}

function hex32(n: number): string {
  return n.toString(16).padStart(8, "0");
}
