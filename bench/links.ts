import { kernelBtf } from "bpfts";
import { BtfKind } from "bpfts/btf";
import { closeFd, linkCreate, progLoad } from "bpfts/sys";
import { BpfAttachType, BpfProgType } from "bpfts/uapi";

/** Returns the BTF id of this kernel's iterator over tasks. */
export function taskIterator(): number {
  const id = kernelBtf().find("bpf_iter_task", BtfKind.FUNC);
  if (id === undefined) throw new Error("this kernel has no iterator over tasks");
  return id;
}

/** Runs `measure` while `count` iterator links of one program exist. */
export function withLinks(count: number, measure: () => void): void {
  const program = progLoad({
    prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
    expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
    attach_btf_id: taskIterator(),
    insns: Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0),
    prog_name: "bench",
  });
  const fds = Array.from({ length: count }, () => linkCreate(program, 0, BpfAttachType.BPF_TRACE_ITER));
  try {
    measure();
  } finally {
    for (const fd of [...fds, program]) closeFd(fd);
  }
}
