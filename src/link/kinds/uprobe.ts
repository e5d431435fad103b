import { findFunction } from "../../elf/index.ts";
import { Errno, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { type Hook, requireType } from "../hook.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { type Executable, openExecutable } from "../probe/executable.ts";
import { attachProbe, PROBE_MODES, type ProbeMode } from "../probe/probe-event.ts";

/** Where and how a program is attached to a program or library. */
export interface UprobePlace {
  /**
   * The program or library: a path, a name such as `libc.so.6` or `bash` that is searched for, or a library in an
   * archive (`app.apk!/lib/x.so`). What the program's section says where left out.
   */
  readonly binary?: string | undefined;
  /** The function, also as `name@VERSION`; `name@plt` for calls of a function that it imports (x86-64, arm64). */
  readonly symbol?: string | undefined;
  /** Bytes from the function's start; without a symbol from the file's. */
  readonly offset?: number | undefined;
  /** Only this process; also such that start later where left out. */
  readonly pid?: number | undefined;
  /** Offset in the file of a 16-bit counter that is raised while the probe is there (4.20). */
  readonly refCounter?: number | undefined;
  /** What bpf_get_attach_cookie() returns in the program (5.15). */
  readonly cookie?: Cookie | undefined;
  /** How the probe is made; the newest way that this kernel has where left out. */
  readonly mode?: ProbeMode | undefined;
}

const OPTIONS: OptionTable<UprobePlace> = {
  binary: "text",
  symbol: "text",
  offset: "natural",
  pid: "natural",
  refCounter: "natural",
  cookie: "u64",
  mode: PROBE_MODES,
};

/**
 * Attaches a program to a function, or to an instruction, of a program or library in user space (Linux 4.3; by a link
 * 5.15, before by ioctl, as long as the process lives). Throws UsageError if the file or the function is not there.
 */
export function attachUprobe(program: Program, place: UprobePlace = {}): Link {
  checkArguments("attachUprobe", program, place, OPTIONS);
  return attachTo(program, place, false);
}

/** Attaches a program to the return of a function; otherwise as {@link attachUprobe}. */
export function attachUretprobe(program: Program, place: UprobePlace = {}): Link {
  checkArguments("attachUretprobe", program, place, OPTIONS);
  return attachTo(program, place, true);
}

function attachTo(program: Program, place: UprobePlace, returns: boolean): Link {
  requireType(program, { name: `a ${returns ? "uretprobe" : "uprobe"}`, programTypes: PROGRAM_TYPES });
  const { binary, symbol, offset } = target(program, place);
  if (returns && symbol !== undefined && offset !== 0) {
    throw new UsageError(`${program.what}: a uretprobe takes no offset in a function`);
  }
  const executable = openExecutable(binary);
  const start = symbol === undefined ? 0 : findFunction(executable.elf, symbol).offset;
  return attachUprobeAt(program, executable, { ...place, offset: start + offset, returns });
}

const PROGRAM_TYPES = [BpfProgType.BPF_PROG_TYPE_KPROBE];

/** Where in an executable: offsets count from its start, not the archive's. */
export interface UprobeSpot extends Pick<UprobePlace, "pid" | "refCounter" | "cookie" | "mode"> {
  readonly offset: number;
  readonly returns?: boolean | undefined;
}

/** Attaches to a place in a file that is known by its offset. */
export function attachUprobeAt(program: Program, executable: Executable, spot: UprobeSpot): Link {
  const { path, start } = executable;
  const { returns = false, pid, cookie, mode, refCounter } = spot;
  const hook: Hook = {
    name: `${returns ? "uretprobe" : "uprobe"} ${path}:0x${(start + spot.offset).toString(16)}`,
    programTypes: PROGRAM_TYPES,
    loadedFor: [0],
    explain: ({ errno }) => reasonOfUprobe(errno, pid),
  };
  const probe = {
    pmu: "uprobe",
    returns,
    name: path,
    offset: BigInt(start + spot.offset),
    refCounter: refCounter === undefined || refCounter === 0 ? 0 : start + refCounter,
    pid,
  } as const;
  return attachProbe(program, hook, probe, { mode, cookie });
}

/** What an errno of a uprobe means. */
export function reasonOfUprobe(errno: number, pid: number | undefined): string | undefined {
  switch (errno) {
    case Errno.ESRCH:
      return pid === undefined ? undefined : `there is no process ${pid}`;
    case Errno.EIO:
    case Errno.ENOTDIR:
      return "the file cannot be mapped and executed";
    default:
      return undefined;
  }
}

interface UprobeTarget {
  readonly binary: string;
  readonly symbol: string | undefined;
  readonly offset: number;
}

function target(program: Program, place: UprobePlace): UprobeTarget {
  const { binary, symbol, offset = 0 } = place;
  if (binary !== undefined) {
    if (symbol === undefined && place.offset === undefined) {
      throw new UsageError(`${program.what}: give the function in ${binary} (symbol), or the offset of an instruction`);
    }
    return { binary, symbol: symbol === "" ? undefined : symbol, offset };
  }
  const named = uprobeSection(program.origin.attachTo ?? "");
  if (named === undefined) {
    throw new UsageError(
      `${program.what}: give its binary and symbol, for example { binary: "libc.so.6", symbol: "malloc" }; its section names none`,
    );
  }
  return symbol === undefined ? named : { ...named, symbol, offset };
}

/**
 * Splits `binary:function+offset` of a section's name; undefined for another form. What follows a `+` and is no number
 * belongs to the name.
 */
export function uprobeSection(text: string): { binary: string; symbol: string; offset: number } | undefined {
  const parts = /^([^:]+):(.+?)(?:\+(0x[\da-fA-F]+|\d+))?$/.exec(text);
  if (parts?.[1] === undefined || parts[2] === undefined) return undefined;
  return { binary: parts[1], symbol: parts[2], offset: Number(parts[3] ?? 0) };
}
