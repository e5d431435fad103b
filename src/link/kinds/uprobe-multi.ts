import { findFunction, matchingFunctions } from "../../elf/index.ts";
import { Errno, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import { hasWildcard } from "../../layout/index.ts";
import type { Program } from "../../program/index.ts";
import { linkCreate } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType, BpfUprobeMultiFlag } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { attach, type Hook, requireType } from "../hook.ts";
import type { Cleanup, KernelLink } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { type Executable, openExecutable } from "../probe/open-executable.ts";
import { reasonOfUprobe } from "./uprobe.ts";

/** The functions of an executable or library to attach to. Give `symbols`, `pattern` or `offsets`. */
export interface UprobeMultiPlace {
  /** The executable or library, as for a uprobe. Default: the file in the program's section. */
  readonly binary?: string | undefined;
  /** Names of functions. A name with `*` or `?` matches several functions. */
  readonly symbols?: readonly string[] | undefined;
  /**
   * One pattern for names. If neither `symbols`, `pattern` nor `offsets` is given, the pattern in the program's section
   * is used.
   */
  readonly pattern?: string | undefined;
  /** Offsets of instructions in the file. */
  readonly offsets?: readonly number[] | undefined;
  /** For each symbol or offset, the file offset of a reference counter; 0 for none. Do not use it with patterns. */
  readonly refCounters?: readonly number[] | undefined;
  /**
   * What bpf_get_attach_cookie() returns in the program: one cookie for each symbol or offset. Do not use it with
   * patterns.
   */
  readonly cookies?: readonly Cookie[] | undefined;
  /** Trace only this process. Before 6.10 the kernel traces only the thread with this id, not the whole process. */
  readonly pid?: number | undefined;
  /** Run at the functions' returns instead of their entries. */
  readonly returns?: boolean | undefined;
  /**
   * Run at the entries and at the returns. If the program returns 1 at an entry, it does not run at the return of that
   * call (6.13).
   */
  readonly session?: boolean | undefined;
}

const OPTIONS: OptionTable<UprobeMultiPlace> = {
  binary: "text",
  symbols: "texts",
  pattern: "text",
  offsets: "naturals",
  refCounters: "naturals",
  cookies: "u64s",
  pid: "natural",
  returns: "boolean",
  session: "boolean",
};

/**
 * Attaches a program to many functions of an executable or library at once, by one link (6.6). The program must be
 * loaded for BPF_TRACE_UPROBE_MULTI (`uprobe.multi/…`) or BPF_TRACE_UPROBE_SESSION.
 */
export function attachUprobeMulti(program: Program, place: UprobeMultiPlace = {}): KernelLink {
  checkArguments("attachUprobeMulti", program, place, OPTIONS);
  const session = place.session ?? program.origin.attachType === BpfAttachType.BPF_TRACE_UPROBE_SESSION;
  requireType(program, hookIn("a program or library", { session }));
  if (session && place.returns === true) {
    throw new UsageError(
      `${program.what}: a session always runs at entry and at return; leave out the option 'returns'`,
    );
  }
  const { binary, names } = target(program, place);
  if (names?.some(hasWildcard) === true && (place.cookies ?? place.refCounters) !== undefined) {
    throw new UsageError(`${program.what}: cookies and refCounters cannot be used with a pattern; give whole names`);
  }
  const executable = openExecutable(binary);
  const offsets = place.offsets ?? (names ?? []).flatMap((name) => offsetsOf(executable, name));
  return attachUprobesAt(program, executable, { ...place, offsets, session });
}

/**
 * Places in an executable. The offsets count from the start of the executable, even if the executable is in an archive.
 */
export interface UprobeSpots extends Pick<UprobeMultiPlace, "refCounters" | "cookies" | "pid" | "returns" | "session"> {
  readonly offsets: readonly number[];
}

/** Attaches a program to the given offsets of an executable. */
export function attachUprobesAt(
  program: Program,
  executable: Executable,
  spots: UprobeSpots,
  cleanup?: Cleanup,
): KernelLink {
  const { path, start } = executable;
  const { offsets, refCounters, cookies, pid, returns = false } = spots;
  const uprobe_multi = {
    path,
    offsets: offsets.map((offset) => start + offset),
    ref_ctr_offsets: refCounters?.map((offset) => (offset === 0 ? 0 : start + offset)),
    cookies,
    pid,
    flags: returns ? BpfUprobeMultiFlag.BPF_F_UPROBE_MULTI_RETURN : 0,
  };
  const hook = hookIn(path, spots);
  return attach(program, hook, () => linkCreate(program.fd, 0, attachTypeOf(spots), { uprobe_multi }), cleanup);
}

function attachTypeOf({ session }: Pick<UprobeSpots, "session">): BpfAttachType {
  return session === true ? BpfAttachType.BPF_TRACE_UPROBE_SESSION : BpfAttachType.BPF_TRACE_UPROBE_MULTI;
}

function hookIn(path: string, spots: Pick<UprobeSpots, "session" | "pid">): Hook {
  const { session = false, pid } = spots;
  return {
    name: `functions of ${path} by a ${session ? "uprobe session" : "uprobe_multi"} link`,
    programTypes: [BpfProgType.BPF_PROG_TYPE_KPROBE],
    loadedFor: [attachTypeOf(spots)],
    feature: session ? "link:uprobe_session" : "link:uprobe_multi",
    explain: ({ errno }) => (errno === Errno.EBADF ? `${path} is not a regular file` : reasonOfUprobe(errno, pid)),
  };
}

function offsetsOf({ elf }: Executable, name: string): number[] {
  return (hasWildcard(name) ? matchingFunctions(elf, name) : [findFunction(elf, name)]).map(({ offset }) => offset);
}

function target(program: Program, place: UprobeMultiPlace): { binary: string; names?: readonly string[] | undefined } {
  const { symbols, offsets, pattern } = place;
  if ([symbols, offsets, pattern].filter((one) => one !== undefined).length > 1) {
    throw new UsageError(`${program.what}: give only one of the options symbols, offsets and pattern`);
  }
  const section = /^([^:]+):(.+)$/.exec(program.origin.attachTo ?? "");
  const binary = place.binary ?? section?.[1];
  if (binary === undefined) {
    throw new UsageError(
      `${program.what}: give its binary, for example { binary: "libc.so.6" }; its section does not name one`,
    );
  }
  if (offsets !== undefined) {
    if (offsets.length === 0) throw new UsageError(`${program.what}: the list of offsets is empty`);
    return { binary };
  }
  const names = symbols ?? [pattern ?? (place.binary === undefined ? section?.[2] : undefined) ?? ""];
  if (names.length === 0 || names.includes("")) {
    throw new UsageError(
      `${program.what}: give the functions in ${binary} by one of the options symbols, pattern and offsets`,
    );
  }
  return { binary, names };
}
