import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { NotSupportedError } from "../errors/index.ts";
import { checkU32 } from "../layout/index.ts";
import { nodeError } from "./permission.ts";
import { withTracefs } from "./tracefs.ts";

/** A probe that is an event in tracefs (Documentation/trace/kprobetrace.rst, uprobetracer.rst). */
export interface TraceProbe {
  readonly file: "kprobe_events" | "uprobe_events";
  /** True if the probe is at the return of the function. */
  readonly returns: boolean;
  /** The position of the probe: `function+offset`, or `path:offset`. */
  readonly target: string;
  /** For kretprobes: the number of concurrent calls whose returns are traced. Default: the kernel's default. */
  readonly maxActive?: number | undefined;
}

/** An event that makeTraceProbe() has added. */
export interface MadeProbe {
  readonly id: number;
  /**
   * Removes the event. Close the event's perf event first, because the kernel does not remove an event in use (EBUSY).
   */
  remove(): void;
}

/** Errors about tracefs name this capability. Only root may use the files of tracefs. */
const TRACEFS = { needs: ["CAP_SYS_ADMIN"] } as const;
const GROUP = "bpfts";
let count = 0;

/**
 * Adds an event for a probe to tracefs. Use it on kernels that have no PMU for such a probe. The event stays until it
 * is removed, even after the process ends. Throws NotSupportedError if the kernel has no such events, and SyscallError
 * if the kernel refuses this event.
 */
export function makeTraceProbe(probe: TraceProbe): MadeProbe {
  count += 1;
  const name = `p${process.pid}_${count}`;
  const maxActive = probe.maxActive === undefined ? "" : checkU32(probe.maxActive, "maxActive");
  const kind = probe.returns ? `r${maxActive}` : "p";
  return withTracefs((path) => {
    append(`${path}/${probe.file}`, `${kind}:${GROUP}/${name} ${probe.target}`);
    const remove = (): void => withTracefs((now) => append(`${now}/${probe.file}`, `-:${GROUP}/${name}`));
    try {
      return { id: Number(readFileSync(`${path}/events/${GROUP}/${name}/id`, "utf8")), remove };
    } catch (error) {
      remove();
      throw error;
    }
  });
}

/** Returns the names of the events in tracefs that this library added. For tests. */
export function traceProbes(): string[] {
  return withTracefs((path) => {
    try {
      return readdirSync(`${path}/events/${GROUP}`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
    } catch {
      return [];
    }
  });
}

/** Appends a command to a file of tracefs. The file must not be opened with O_TRUNC, which would remove all events. */
function append(file: string, text: string): void {
  let fd: number;
  try {
    fd = openSync(file, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw nodeError(error, file, TRACEFS);
    throw new NotSupportedError(
      { feature: `the tracefs file ${file.slice(file.lastIndexOf("/") + 1)}` },
      { cause: error },
    );
  }
  try {
    writeSync(fd, text);
  } catch (error) {
    throw nodeError(error, `${file.slice(file.lastIndexOf("/") + 1)}: ${text}`, TRACEFS);
  } finally {
    closeSync(fd);
  }
}
