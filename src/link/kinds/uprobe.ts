import { findFunction } from "../../elf/index.ts";
import { Errno, UsageError } from "../../errors/index.ts";
import type { OptionTable } from "../../kernel/index.ts";
import type { Program } from "../../program/index.ts";
import { BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { type Hook, requireType } from "../hook.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { type Executable, openExecutable } from "../probe/open-executable.ts";
import { attachProbe, PROBE_MODES, type ProbeMode } from "../probe/probe-event.ts";

/** Where and how to attach a program to an executable or library. */
export interface UprobePlace {
  /**
   * The executable or library: a path, a name to search for (`libc.so.6`, `bash`), or a library in an archive
   * (`app.apk!/lib/x.so`). Default: the file in the program's section.
   */
  readonly binary?: string | undefined;
  /**
   * The function, for example `malloc`. `name@VERSION` selects a version of it. `name@plt` traces calls of an imported
   * function (x86-64, arm64).
   */
  readonly symbol?: string | undefined;
  /** The offset in bytes from the start of the function; without a symbol, from the start of the file. */
  readonly offset?: number | undefined;
  /** The process to trace. Default: all processes, including those that start later. */
  readonly pid?: number | undefined;
  /** The file offset of a 16-bit reference counter, which the kernel increments while the probe exists (4.20). */
  readonly refCounter?: number | undefined;
  /** What bpf_get_attach_cookie() returns in the program (5.15). */
  readonly cookie?: Cookie | undefined;
  /** How to make the probe. Default: the newest mode that this kernel supports. */
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
 * Attaches a program to a function, or to an instruction, of an executable or library (4.3). On Linux 5.15 and newer
 * the attachment is a link. On older kernels it is made by ioctl and ends with the process. Throws UsageError if the
 * file or the function does not exist.
 */
export function attachUprobe(program: Program, place: UprobePlace = {}): Link {
  checkArguments("attachUprobe", program, place, OPTIONS);
  return attachTo(program, place, false);
}

/** Attaches a program to the return of a function. See {@link attachUprobe}. */
export function attachUretprobe(program: Program, place: UprobePlace = {}): Link {
  checkArguments("attachUretprobe", program, place, OPTIONS);
  return attachTo(program, place, true);
}

function attachTo(program: Program, place: UprobePlace, returns: boolean): Link {
  requireType(program, { name: `a ${returns ? "uretprobe" : "uprobe"}`, programTypes: PROGRAM_TYPES });
  const { binary, symbol, offset } = target(program, place);
  if (returns && symbol !== undefined && offset !== 0) {
    throw new UsageError(`${program.what}: a uretprobe cannot have an offset in a function`);
  }
  const executable = openExecutable(binary);
  const start = symbol === undefined ? 0 : findFunction(executable.elf, symbol).offset;
  return attachUprobeAt(program, executable, { ...place, offset: start + offset, returns });
}

const PROGRAM_TYPES = [BpfProgType.BPF_PROG_TYPE_KPROBE];

/**
 * A place in an executable. The offset counts from the start of the executable, even if the executable is in an
 * archive.
 */
export interface UprobeSpot extends Pick<UprobePlace, "pid" | "refCounter" | "cookie" | "mode"> {
  readonly offset: number;
  readonly returns?: boolean | undefined;
}

/** Attaches a program to the given offset of an executable. */
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

/** Returns what an errno means when a program is attached to a uprobe. */
export function reasonOfUprobe(errno: number, pid: number | undefined): string | undefined {
  switch (errno) {
    case Errno.ESRCH:
      return pid === undefined ? undefined : `there is no process ${pid}`;
    case Errno.EIO:
    case Errno.ENOTDIR:
      return "the file cannot be mapped as executable code";
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
      throw new UsageError(
        `${program.what}: give the function in ${binary} by the option 'symbol', or an instruction by the option 'offset'`,
      );
    }
    return { binary, symbol: symbol === "" ? undefined : symbol, offset };
  }
  const named = uprobeSection(program.origin.attachTo ?? "");
  if (named === undefined) {
    throw new UsageError(
      `${program.what}: give its binary and symbol, for example { binary: "libc.so.6", symbol: "malloc" }; its section does not name them`,
    );
  }
  return symbol === undefined ? named : { ...named, symbol, offset };
}

/**
 * Splits the text `binary:function+offset` from a section's name. Returns undefined if the text has another form. If
 * the text after a `+` is not a number, it belongs to the function's name.
 */
export function uprobeSection(text: string): { binary: string; symbol: string; offset: number } | undefined {
  const parts = /^([^:]+):(.+?)(?:\+(0x[\da-fA-F]+|\d+))?$/.exec(text);
  if (parts?.[1] === undefined || parts[2] === undefined) return undefined;
  return { binary: parts[1], symbol: parts[2], offset: Number(parts[3] ?? 0) };
}
