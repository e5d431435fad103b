/** Parses an object file in a new process. Prints the time in nanoseconds. */
import { readFileSync } from "node:fs";
import { parseObject } from "bpfts/object";

const start = process.hrtime.bigint();
const spec = parseObject(readFileSync(process.argv[2] as string), { source: process.argv[2] as string });
const end = process.hrtime.bigint();
if (Object.keys(spec.programs).length === 0) throw new Error("no programs");
console.log(String(end - start));
