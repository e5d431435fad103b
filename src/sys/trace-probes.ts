import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { NotSupportedError } from "../errors/index.ts";
import { checkU32 } from "../layout/index.ts";
import { nodeError } from "./node-error.ts";
import { withTracefs } from "./tracefs.ts";

/** A probe that tracefs keeps as an event of its own (Documentation/trace/kprobetrace.rst, uprobetracer.rst). */
export interface TraceProbe {
  readonly file: "kprobe_events" | "uprobe_events";
  /** At the return of the function. */
  readonly returns: boolean;
  /** `function+offset`, or `path:offset`. */
  readonly target: string;
  /** How many returns may be awaited at once (kretprobes only); the kernel's default where left out. */
  readonly maxActive?: number | undefined;
}

/** An event that was made: the number for perf_event_open(2), and the way to remove it. */
export interface MadeProbe {
  readonly id: number;
  /** Removes the event. Close its perf event first: one in use is kept (EBUSY). */
  remove(): void;
}

/** The files of tracefs belong to root. */
const TRACEFS = { needs: ["CAP_SYS_ADMIN"] } as const;
const GROUP = "bpfts";
let count = 0;

/**
 * Makes an event of a probe in tracefs, for kernels without a PMU for it. It stays until it is removed, also past the
 * end of the process. Throws NotSupportedError where the kernel has no such events, SyscallError if it refuses.
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

/** The names of our events that tracefs has at the moment; for tests. */
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

/** Appends a command. Opened for appending: to open these files for writing afresh removes all events. */
function append(file: string, text: string): void {
  let fd: number;
  try {
    fd = openSync(file, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw nodeError(error, file, TRACEFS);
    throw new NotSupportedError({ feature: `${file.slice(file.lastIndexOf("/") + 1)} in tracefs` }, { cause: error });
  }
  try {
    writeSync(fd, text);
  } catch (error) {
    throw nodeError(error, `${file.slice(file.lastIndexOf("/") + 1)}: ${text}`, TRACEFS);
  } finally {
    closeSync(fd);
  }
}
