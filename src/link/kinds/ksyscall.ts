import { UsageError } from "../../errors/index.ts";
import { hasSyscallWrapper, type OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { PROBE_MODES, type ProbeMode } from "../probe/probe-event.ts";
import { attachKprobe, attachKretprobe } from "./kprobe.ts";

/** The system call to attach a program to. */
export interface KsyscallPlace {
  /** The name of the system call, such as `unlinkat`. Default: the system call in the program's section. */
  readonly syscall?: string | undefined;
  /** What bpf_get_attach_cookie() returns in the program (5.15). */
  readonly cookie?: Cookie | undefined;
  /** How to make the probe. Default: the newest mode that this kernel supports. */
  readonly mode?: ProbeMode | undefined;
}

const OPTIONS: OptionTable<KsyscallPlace> = { syscall: "text", cookie: "u64", mode: PROBE_MODES };

/** The prefix of the kernel's system call wrappers on each architecture (arch/…/include/asm/syscall_wrapper.h). */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ["x64", "__x64"],
  ["arm64", "__arm64"],
  ["riscv64", "__riscv"],
]);

/**
 * Attaches a program to a system call, by a kprobe on the kernel function that implements it. Finds out the name of
 * this function on the running kernel. System calls of 32-bit processes use other functions and are not traced.
 */
export function attachKsyscall(program: Program, place: KsyscallPlace = {}): Link {
  checkArguments("attachKsyscall", program, place, OPTIONS);
  return attachKprobe(program, kprobeOf(program, place));
}

/** Attaches a program to the return of a system call. See {@link attachKsyscall}. */
export function attachKretsyscall(program: Program, place: KsyscallPlace = {}): Link {
  checkArguments("attachKretsyscall", program, place, OPTIONS);
  return attachKretprobe(program, kprobeOf(program, place));
}

function kprobeOf(program: Program, place: KsyscallPlace): { symbol: string } & Omit<KsyscallPlace, "syscall"> {
  const name = place.syscall ?? program.origin.attachTo ?? "";
  if (!/^\w+$/.test(name)) {
    throw new UsageError(
      `${program.what}: give its system call, for example { syscall: "unlinkat" }; "${name}" is not one`,
    );
  }
  const prefix = hasSyscallWrapper() ? PREFIXES.get(process.arch) : "__se";
  const { cookie, mode } = place;
  return { symbol: `${prefix ?? "__se"}_sys_${name}`, cookie, mode };
}
