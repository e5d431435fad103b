/** One cold process: read an object and load it into the kernel. Prints nanoseconds. */
import { loadObject } from "bpfts";
import { progGetNextId } from "bpfts/sys";

// One call opens the door to the kernel before the clock runs, as the dynamic linker does for a C program.
progGetNextId(0);
const start = process.hrtime.bigint();
const object = loadObject(process.argv[2] as string);
const end = process.hrtime.bigint();
if (Object.keys(object.programs).length === 0) throw new Error("no programs");
object.close();
console.log(String(end - start));
