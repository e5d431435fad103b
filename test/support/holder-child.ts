// A child process that holds programs until its standard input ends: `node holder-child.js COUNT ID…`. Loads COUNT
// programs and prints their ids as JSON. Also opens the programs with the given ids. With COUNT 0, loads one program in
// a thread that has its own file table.
import { parentPort, Worker } from "node:worker_threads";
import { syscall } from "../../src/sys/ffi.ts";
import { progGetFdById, progInfo, progLoad } from "../../src/sys/index.ts";
import { BpfProgType } from "../../src/uapi/index.ts";
import { returning } from "./programs.ts";

const CLONE_FILES = 0x400;

function load(): number {
  const prog_type = BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER;
  return progInfo(progLoad({ prog_type, insns: returning(0), prog_name: "held" })).id;
}

const [count, ...others] = process.argv.slice(2).map(Number);
if (parentPort !== null) {
  if (syscall("unshare", CLONE_FILES) < 0) throw new Error("unshare(CLONE_FILES) failed");
  parentPort.postMessage(load());
  setInterval(() => {}, 1000);
} else {
  for (const id of others) progGetFdById(id);
  if (count === 0) new Worker(new URL(import.meta.url)).once("message", (id) => console.log(JSON.stringify([id])));
  else console.log(JSON.stringify(Array.from({ length: count as number }, load)));
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}
