/** Merges BTF files and deduplicates their types, in a new process. Prints the time of the deduplication in nanoseconds. */
import { readFileSync } from "node:fs";
import { Btf, dedupBtf, mergeBtf } from "bpfts/btf";

const merged = mergeBtf(process.argv.slice(2).map((path) => Btf.parse(readFileSync(path), { source: path })));
const start = process.hrtime.bigint();
const { endId } = dedupBtf(merged);
const end = process.hrtime.bigint();
if (endId >= merged.endId) throw new Error("deduplication left out no type");
console.log(String(end - start));
