import { readdirSync, readFileSync, statSync } from "node:fs";

/** A network namespace as the kernel's records name it. */
export interface NetnsPlace {
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
}

let names: ReadonlyMap<number, string> | undefined;

/**
 * The name of a network device of this process's namespace by its index; undefined where there is none, or where
 * `place` is another namespace.
 */
export function deviceName(ifindex: number, place?: NetnsPlace): string | undefined {
  if (ifindex === 0) return undefined;
  if (place !== undefined && !isHere(place)) return undefined;
  names ??= readDevices();
  return names.get(ifindex);
}

function isHere({ netns_dev, netns_ino }: NetnsPlace): boolean {
  const { dev, ino } = statSync("/proc/self/ns/net", { bigint: true });
  return dev === netns_dev && ino === netns_ino;
}

function readDevices(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  let entries: string[];
  try {
    entries = readdirSync("/sys/class/net");
  } catch {
    return found;
  }
  // /proc/net follows the namespace of the process, /sys that of its mount: only what both have is surely here.
  const here = new Set(
    readFileSync("/proc/self/net/dev", "utf8")
      .match(/^ *[^\s:][^\n]*?(?=:)/gm)
      ?.map((name) => name.trim()),
  );
  for (const name of entries) {
    if (!here.has(name)) continue;
    const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
    found.set(index, name);
  }
  return found;
}
