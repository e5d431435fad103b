/**
 * Runs the program with an id, which writes records to a ring: REPEAT times at once, ROUNDS times, PAUSE milliseconds
 * apart. A process of its own, so that the reader's has its event loop for itself.
 */
import { openProgram } from "bpfts";

const [id = 0, repeat = 1, rounds = 1, pause = 0] = process.argv.slice(2).map(Number);
using program = openProgram({ id });
const dataIn = new Uint8Array(64);
const clock = new Int32Array(new SharedArrayBuffer(4));
for (let i = 0; i < rounds; i++) {
  program.run({ dataIn, repeat });
  if (pause > 0) Atomics.wait(clock, 0, 0, pause);
}
