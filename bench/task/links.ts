/**
 * `iterate ROUNDS` opens all links of the kernel and reads the info of each. `attach ROUNDS BTF_ID` makes and closes a
 * link of the iterator with this BTF id. Prints nanoseconds per link.
 */
import { attachRaw, links, openProgram, type Program } from "bpfts";
import { progLoad } from "bpfts/sys";
import { BpfAttachType, BpfProgType } from "bpfts/uapi";

const [what, rounds, btfId] = process.argv.slice(2) as [string, string, string | undefined];

function load(attach_btf_id: number): Program {
  return openProgram({
    fd: progLoad({
      prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
      expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
      attach_btf_id,
      insns: Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0),
    }),
  });
}

function iterate(): number {
  let count = 0;
  for (const link of links()) {
    if (link.info().id === 0) throw new Error("the info of a link has no id");
    count += 1;
  }
  return count;
}

function attach(): number {
  attachRaw({ target: 0, program, attachType: "trace_iter" }).close();
  return 1;
}

const program = btfId === undefined ? (undefined as never) : load(Number(btfId));
const step = what === "attach" ? attach : iterate;
// Let V8 compile the code before the measurement.
for (let i = 0; i < Number(rounds) / 5; i++) step();
const start = process.hrtime.bigint();
let count = 0;
for (let i = 0; i < Number(rounds); i++) count += step();
console.log((Number(process.hrtime.bigint() - start) / count).toFixed(1));
