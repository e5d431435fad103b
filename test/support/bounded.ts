import assert from "node:assert/strict";

/** How many milliseconds of processor time the calibration takes on the machine that the limits were chosen on. */
const REFERENCE_MILLISECONDS = 40;

let slowness: number | undefined;

/**
 * Asserts that hostile input costs no more than so many milliseconds of processor time on a common machine. The limit
 * grows with how slow this machine is, which may be an emulated one, so that only a cost of another order fails: what
 * the inputs cost without a bound is at least ten times the limit. How fast the code is, the benchmarks say.
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

/** How many times slower than a common machine this one is; 1 where it is faster. */
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

/** Work as parsers do it: numbers out of bytes, strings out of bytes, names in a map. */
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
