import { checkInput } from "./check-input.ts";
import type { Fault, FuzzTarget } from "./target.ts";

/** Inputs that are slow are tried seldom. */
const MOST_MILLISECONDS = 20_000;

/** Returns a smaller input with the same fault: without the pieces, and with zeros for the bytes, that do not matter. */
export function minimise(target: FuzzTarget, data: Uint8Array, fault: Fault): Uint8Array {
  const end = performance.now() + MOST_MILLISECONDS;
  const same = (other: Uint8Array): boolean => {
    const found = checkInput(target, other);
    return found?.kind === fault.kind && (fault.kind !== "error" || found.detail === fault.detail);
  };
  let best = data;
  for (let size = best.length >>> 1; size > 0 && performance.now() < end; size >>>= 1) {
    for (let at = 0; at < best.length && performance.now() < end; ) {
      const shorter = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + size)]);
      if (same(shorter)) best = shorter;
      else at += size;
    }
  }
  for (let size = best.length >>> 1; size > 0 && performance.now() < end; size >>>= 1) {
    for (let at = 0; at < best.length && performance.now() < end; at += size) {
      const plainer = best.slice();
      plainer.fill(0, at, at + size);
      if (best.subarray(at, at + size).some((byte) => byte !== 0) && same(plainer)) best = plainer;
    }
  }
  return best;
}
