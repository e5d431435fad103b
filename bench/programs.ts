import { closeFd, progLoad } from "bpfts/sys";
import { BpfProgType } from "bpfts/uapi";

/** Two instructions: `r0 = 0; exit`. */
const RETURN_ZERO = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/** Runs `measure` while `count` socket filter programs are loaded. */
export function withPrograms(count: number, measure: () => void): void {
  const fds = Array.from({ length: count }, () =>
    progLoad({
      prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER,
      insns: RETURN_ZERO,
      license: "GPL",
      prog_name: "bench",
    }),
  );
  try {
    measure();
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}
