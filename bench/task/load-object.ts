/**
 * Reads an object and loads it into the kernel. Prints nanoseconds: of the first load of a cold process, or, with ROUNDS,
 * the median of the loads of a running process, each of which reads the kernel's BTF anew.
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

// One call opens the door to the kernel before the clock runs, as the dynamic linker does for a C program.
progGetNextId(0);
const times = Array.from({ length: Number(rounds) }, load).sort((a, b) => a - b);
console.log(String(times[times.length >> 1]));
