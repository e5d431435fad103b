import { lookUp } from "../layout/index.ts";
import { beginCall, placeBytes, placeRoom, placeU32s } from "./call-buffer.ts";
import { Capability } from "./capabilities.ts";
import { syscall } from "./ffi.ts";
import { fail } from "./permission.ts";

const CAPABILITY_VERSION_3 = 0x20080522;
/**
 * The size of two `struct __user_cap_data_struct` (effective, permitted, inheritable): one with the lower 32 bits of
 * each set, one with the upper 32 bits.
 */
const DATA_SIZE = 24;
const UPPER = 12;

/**
 * Calls `work` without some of this thread's effective capabilities, and restores them afterwards. `work` must be
 * synchronous.
 */
export function withoutCapabilities<T>(names: readonly Capability[], work: () => T): T {
  const before = capabilitySets();
  const after = before.slice();
  const view = new DataView(after.buffer);
  for (const name of names) {
    const number = lookUp(Capability, name, "capability");
    const at = number < 32 ? 0 : UPPER;
    view.setUint32(at, view.getUint32(at, true) & ~(1 << (number & 31)), true);
  }
  setCapabilities(after);
  try {
    return work();
  } finally {
    setCapabilities(before);
  }
}

function capabilitySets(): Uint8Array {
  beginCall();
  const header = placeU32s([CAPABILITY_VERSION_3, 0]);
  const { address, bytes } = placeRoom(DATA_SIZE);
  const result = syscall("capget", header, address);
  if (result < 0) throw fail("capget", -result);
  return bytes.slice();
}

function setCapabilities(sets: Uint8Array): void {
  beginCall();
  const result = syscall("capset", placeU32s([CAPABILITY_VERSION_3, 0]), placeBytes(sets));
  if (result < 0) throw fail("capset", -result);
}
