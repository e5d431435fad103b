import assert from "node:assert/strict";

/** The processor time in milliseconds that calibrate() takes on the machine for which the limits were chosen. */
const REFERENCE_MILLISECONDS = 40;

let slowness: number | undefined;

/**
 * Asserts that hostile input takes at most this much processor time on a usual machine. On a slower machine, for
 * example under emulation, the limit is larger. The limit is generous: without the bounds in the code, the inputs would
 * take at least ten times as long. Benchmarks measure how fast the code is; this function does not.
 */
export function assertBounded<T>(what: string, milliseconds: number, work: () => T): T {
  let result!: T;
  const took = processorTime(() => {
    result = work();
  });
  const most = milliseconds * slownessOfMachine();
  assert.ok(
    took < most,
    `${what} took ${Math.round(took)} ms of processor time; the limit here is ${Math.round(most)} ms`,
  );
  return result;
}

/** Returns how many times slower this machine is than a usual machine; 1 if it is faster. */
export function slownessOfMachine(): number {
  slowness ??= Math.max(1, processorTime(calibrate) / REFERENCE_MILLISECONDS);
  return slowness;
}

function processorTime(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Does typical work of a parser: reads numbers and strings from bytes, and looks up names in a map. */
function calibrate(): void {
  const bytes = new Uint8Array(1 << 16).map((_, i) => 97 + (i % 26));
  const view = new DataView(bytes.buffer);
  const decoder = new TextDecoder();
  const names = new Map<string, number>();
  for (let at = 0; at + 16 <= bytes.length; at += 1) {
    const name = decoder.decode(bytes.subarray(at, at + 12));
    names.set(`${name}${view.getUint16(at, true) & 0xff}`, (names.get(name) ?? 0) + view.getUint32(at, true));
  }
  assert.ok(names.size > 0);
}
