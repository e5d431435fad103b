import { assemble, callHelper, exit, r0, rsh } from "../../src/asm/index.ts";
import { closeFd, progLoad, progTestRun } from "../../src/sys/index.ts";
import { BpfProgType } from "../../src/uapi/index.ts";

/**
 * Returns the process id that BPF programs see for this process. In a container it differs from `process.pid`, and no
 * file in /proc shows it. So this function runs a BPF program that returns it.
 */
export function kernelPid(): number {
  const insns = assemble([callHelper("bpf_get_current_pid_tgid"), rsh(r0, 32), exit()]);
  const fd = progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, insns, license: "GPL" });
  try {
    return progTestRun(fd).retval;
  } finally {
    closeFd(fd);
  }
}
