/**
 * Runs the program with the given id, which writes records to a ring. There are ROUNDS rounds with PAUSE milliseconds
 * between them, and the program runs REPEAT times in each. This is a separate process, so that it does not block the
 * reader's event loop.
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
