import { BpfMapFlag } from "../../uapi/index.ts";

let current: number | undefined;

/**
 * Runs `work`. The token (6.9) of this fd then counts for every map, program and BTF that `work` creates, also for
 * those that only probe the kernel. `work` must be synchronous.
 */
export function withToken<T>(tokenFd: number, work: () => T): T {
  const before = current;
  current = tokenFd;
  try {
    return work();
  } finally {
    current = before;
  }
}

/**
 * Returns the flags and the token for the attr of a command: those that the caller of the command gave, or else the
 * token of {@link withToken}. BPF_MAP_CREATE, BPF_PROG_LOAD and BPF_BTF_LOAD have the same bit for a token.
 */
export function tokenFields(flags = 0, tokenFd?: number): { readonly flags: number; readonly tokenFd: number } {
  if (tokenFd !== undefined || current === undefined) return { flags, tokenFd: tokenFd ?? 0 };
  return { flags: flags | BpfMapFlag.BPF_F_TOKEN_FD, tokenFd: current };
}
