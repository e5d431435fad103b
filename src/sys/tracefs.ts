import { readdirSync, readFileSync } from "node:fs";
import { Errno, NotSupportedError, UsageError } from "../errors/index.ts";
import { beginCall, placeText } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { isTracefs, mount, mounts } from "./file-systems.ts";
import { closeFd } from "./owned-fd.ts";
import { fail, nodeError } from "./permission.ts";

const FSOPEN_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;

/**
 * The two usual paths of tracefs: systemd mounts it at the first one, and the kernel mounts it below debugfs at the
 * second one.
 */
const USUAL = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] as const;

/**
 * Calls `use` with the path of a tracefs. If no tracefs is mounted, makes a detached mount by fsopen(2) and fsmount(2)
 * (Linux 5.2) for the time of the call. Other processes do not see this mount, and nothing stays mounted.
 */
export function withTracefs<T>(use: (path: string) => T): T {
  const usual = USUAL.find(isTracefs);
  return usual === undefined ? withFileSystem("tracefs", use) : use(usual);
}

/** Returns the mount point of a tracefs; undefined if no tracefs is mounted. */
export function tracefsMount(): string | undefined {
  return USUAL.find(isTracefs) ?? mounts().find(({ type }) => type === "tracefs")?.path;
}

/** Mounts a tracefs at /sys/kernel/tracing if no tracefs is mounted. It stays mounted. Needs CAP_SYS_ADMIN. */
export function ensureTracefs(): void {
  if (tracefsMount() === undefined) mount({ source: "tracefs", target: USUAL[0], type: "tracefs" });
}

/** Does the same as {@link withTracefs} for another kernel file system, such as `securityfs`. */
export function withFileSystem<T>(name: string, use: (path: string) => T): T {
  const mounted = mounts().find(({ type }) => type === name)?.path;
  if (mounted !== undefined) return use(mounted);
  const fd = openDetached(name);
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    closeFd(fd);
  }
}

/** Makes a detached mount of a file system. Returns an fd of its root directory. */
function openDetached(type: string): number {
  beginCall();
  const context = syscall("fsopen", placeText(type), FSOPEN_CLOEXEC);
  if (context === -Errno.ENODEV || context === -Errno.ENOSYS) {
    throw new NotSupportedError({ feature: `${type} file systems` });
  }
  if (context < 0) throw fail("fsopen", -context, { subject: type, needs: ["CAP_SYS_ADMIN"] });
  try {
    const created = syscall("fsconfig", context, FSCONFIG_CMD_CREATE);
    if (created < 0) throw fail("fsconfig", -created, { subject: type, needs: ["CAP_SYS_ADMIN"] });
    const mount = syscall("fsmount", context, FSMOUNT_CLOEXEC);
    if (mount < 0) throw fail("fsmount", -mount, { subject: type, needs: ["CAP_SYS_ADMIN"] });
    return mount;
  } finally {
    closeFd(context);
  }
}

/**
 * Returns the id of a tracepoint for perf_event_open(2), for example of `sched_switch` in the category `sched`. Returns
 * undefined if the tracepoint does not exist. Throws UsageError for an invalid name.
 */
export function tracepointId(category: string, name: string): number | undefined {
  if (!/^[\w.-]+$/.test(category) || !/^[\w.-]+$/.test(name) || category.startsWith(".")) {
    throw new UsageError(`"${category}/${name}" is not the name of a tracepoint, which has the form category/name`);
  }
  return withTracefs((path) => {
    try {
      return Number(readFileSync(`${path}/events/${category}/${name}/id`, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw nodeError(error, `tracepoint ${category}/${name}`);
      return undefined;
    }
  });
}

/** Returns all tracepoints as `category/name`. */
export function tracepointNames(): string[] {
  return withTracefs((path) => {
    const directories = (of: string): string[] =>
      readdirSync(of, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    const events = `${path}/events`;
    return directories(events).flatMap((category) =>
      directories(`${events}/${category}`).map((name) => `${category}/${name}`),
    );
  });
}

/** A function that ftrace can hook. kprobe_multi and fentry need such functions. */
export interface TraceableFunction {
  readonly name: string;
  /** The address. Undefined before 6.5, or if this process may not see addresses. */
  readonly address: bigint | undefined;
}

/**
 * Returns the functions that ftrace can hook and for whose names `wanted` returns true. Reads
 * `available_filter_functions_addrs` of tracefs (6.5), or else `available_filter_functions`. Returns undefined if the
 * kernel lists no functions, because it was built without ftrace or is locked down.
 */
export function traceableFunctions(wanted: (name: string) => boolean): TraceableFunction[] | undefined {
  return withTracefs((path) => {
    const withAddresses = readIfThere(`${path}/available_filter_functions_addrs`);
    const text = withAddresses ?? readIfThere(`${path}/available_filter_functions`);
    if (text === undefined) return undefined;
    const out: TraceableFunction[] = [];
    for (const line of text.split("\n")) {
      // A line is `ffffffff8104e000 name [module]`. On older kernels it has no address.
      const [first = "", second = ""] = line.split(/\s/, 2);
      const name = withAddresses === undefined ? first : second;
      if (name === "" || !wanted(name)) continue;
      out.push({ name, address: withAddresses === undefined ? undefined : BigInt(`0x${first}`) });
    }
    return out;
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
