import { UsageError } from "../../errors/index.ts";
import { hasSyscallWrapper } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import type { ProbeMode } from "../probe/probe-event.ts";
import { attachKprobe, attachKretprobe } from "./kprobe.ts";

/** Which system call a program is attached to. */
export interface KsyscallPlace {
  /** Its name, such as `unlinkat`; what the program's section says where left out. */
  readonly syscall?: string | undefined;
  /** What bpf_get_attach_cookie() gives the program (5.15). */
  readonly cookie?: Cookie | undefined;
  readonly mode?: ProbeMode | undefined;
}

/** How the wrappers of system calls begin on each architecture (arch/…/include/asm/syscall_wrapper.h). */
const PREFIXES: Readonly<Record<string, string>> = { x64: "__x64", arm64: "__arm64", riscv64: "__riscv" };

/**
 * Attaches a program to a system call, by a kprobe on the kernel's function for it, whatever this kernel calls that.
 * System calls of 32-bit processes have functions of their own, and are not seen.
 */
export function attachKsyscall(program: Program, place: KsyscallPlace = {}): Link {
  return attachKprobe(program, probe(program, place));
}

/** The same at the return of the system call. */
export function attachKretsyscall(program: Program, place: KsyscallPlace = {}): Link {
  return attachKretprobe(program, probe(program, place));
}

function probe(program: Program, place: KsyscallPlace): { symbol: string } & Omit<KsyscallPlace, "syscall"> {
  const name = place.syscall ?? program.origin.attachTo ?? "";
  if (!/^\w+$/.test(name))
    throw new UsageError(`${program.what}: say its system call, such as unlinkat, not "${name}"`);
  const prefix = hasSyscallWrapper() ? PREFIXES[process.arch] : "__se";
  const { cookie, mode } = place;
  return { symbol: `${prefix ?? "__se"}_sys_${name}`, cookie, mode };
}
