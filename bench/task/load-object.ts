/**
 * Reads an object and loads it into the kernel. Prints nanoseconds: of the first load of a new process, or the median
 * of ROUNDS loads of one process. Each load reads the kernel's BTF again.
 */
import { flushKernelBtf, loadObject } from "bpfts";
import { progGetNextId } from "bpfts/sys";

const [path, rounds = "1"] = process.argv.slice(2) as [string, string?];

function load(): number {
  flushKernelBtf();
  const start = process.hrtime.bigint();
  const object = loadObject(path);
  const end = process.hrtime.bigint();
  if (Object.keys(object.programs).length === 0) throw new Error("no programs");
  object.close();
  return Number(end - start);
}

// The first system call loads the FFI library. Make it before the measurement, because a C program is linked before it
// measures, too.
progGetNextId(0);
const times = Array.from({ length: Number(rounds) }, load).sort((a, b) => a - b);
console.log(String(times[times.length >> 1]));
