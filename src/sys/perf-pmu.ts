import { readFileSync } from "node:fs";

/** A source of perf events that the kernel numbers at boot: `kprobe`, `uprobe`, … */
export interface PerfPmu {
  /** `perf_event_attr.type`. */
  readonly type: number;
  /** The first bit of a field of `perf_event_attr.config`, such as `retprobe`; undefined if it has none of that name. */
  bit(field: string): number | undefined;
}

/** A PMU by its name in /sys/bus/event_source/devices; undefined where this kernel was built without it. */
export function perfPmu(name: string): PerfPmu | undefined {
  const directory = `/sys/bus/event_source/devices/${name}`;
  const type = readLine(`${directory}/type`);
  if (type === undefined) return undefined;
  return {
    type: Number(type),
    bit: (field) => {
      const format = /^config:(\d+)/.exec(readLine(`${directory}/format/${field}`) ?? "")?.[1];
      return format === undefined ? undefined : Number(format);
    },
  };
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
