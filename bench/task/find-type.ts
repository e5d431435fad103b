/** Opens the kernel's BTF and finds one struct by name, in a new process. Prints the time in nanoseconds. */
import { readFileSync } from "node:fs";
import { Btf, BtfKind } from "bpfts/btf";

const start = process.hrtime.bigint();
const btf = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"));
const id = btf.find(process.argv[2] as string, BtfKind.STRUCT);
const end = process.hrtime.bigint();
if (id === undefined) throw new Error(`no struct ${process.argv[2]}`);
console.log(String(end - start));
