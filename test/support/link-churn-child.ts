// A child process that attaches and closes links as fast as it can. The argument is the number of milliseconds. Prints
// the number of links.
import { readFileSync } from "node:fs";
import { Btf, BtfKind } from "../../src/btf/index.ts";
import { closeFd, linkCreate, progLoad } from "../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../src/uapi/index.ts";
import { returning } from "./programs.ts";

const btf = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"), { source: "vmlinux" });
const program = progLoad({
  prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
  expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
  attach_btf_id: btf.find("bpf_iter_task", BtfKind.FUNC),
  insns: returning(0),
});
console.log("ready");
const end = performance.now() + Number(process.argv[2]);
let count = 0;
for (; performance.now() < end; count++) closeFd(linkCreate(program, 0, BpfAttachType.BPF_TRACE_ITER));
console.log(count);
