import { UsageError } from "../../errors/index.ts";
import { checkU32 } from "../../layout/index.ts";
import { isPerCpuMap } from "../../uapi/index.ts";
import { lengthOf } from "../ffi.ts";
import { possibleCpus } from "../machine.ts";
import { mapInfo } from "./map-info.ts";

/** Returns the bytes of a key and of a value in a system call. A per-CPU value includes the values of all CPUs. */
export function mapElementSize(fd: number): { readonly key_bytes: number; readonly value_bytes: number } {
  const { type, key_size, value_size } = mapInfo(fd);
  const value_bytes = isPerCpuMap(type) ? Math.ceil(value_size / 8) * 8 * possibleCpus() : value_size;
  return { key_bytes: key_size, value_bytes };
}

/**
 * Throws UsageError unless `keys` and `values` have room for `count` elements: the kernel does not know their lengths
 * and would write past the end. Returns the bytes of a key.
 */
export function checkBatchRoom(fd: number, keys: Uint8Array, values: Uint8Array | undefined, count: number): number {
  checkU32(count, "count");
  const { key_bytes, value_bytes } = mapElementSize(fd);
  if (lengthOf(keys) < count * key_bytes) {
    throw new UsageError(`${count} keys of ${key_bytes} bytes do not fit ${lengthOf(keys)} bytes`);
  }
  if (values !== undefined && lengthOf(values) < count * value_bytes) {
    throw new UsageError(`${count} values of ${value_bytes} bytes do not fit ${lengthOf(values)} bytes`);
  }
  return key_bytes;
}
