import { existsSync, readdirSync, statSync } from "node:fs";
import { readText } from "./kernel-settings.ts";

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

/**
 * /proc/self/net follows the namespace of the process, but has no list of all indexes; /sys has one, of the namespace in
 * which it was mounted. Where the two do not name the same devices (after `nsenter --net`), what is left is the devices
 * that listen to multicast: all Ethernet devices that are up.
 */
function readDevices(): ReadonlyMap<number, string> {
  const here = (readText("/proc/self/net/dev") ?? "").split("\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? [] : [line.slice(0, colon).trim()];
  });
  const there = namesOf("/sys/class/net");
  if (here.length === there.length && here.every((name) => there.includes(name))) {
    return new Map(here.map((name) => [Number(readText(`/sys/class/net/${name}/ifindex`)), name]));
  }
  const listening = (readText("/proc/self/net/dev_mcast") ?? "").matchAll(/^\s*(\d+)\s+(\S+)/gm);
  return new Map([...listening].map(([, index, name = ""]) => [Number(index), name]));
}

function namesOf(directory: string): string[] {
  try {
    // Not only devices: /sys/class/net/bonding_masters is a file.
    return readdirSync(directory).filter((name) => existsSync(`${directory}/${name}/ifindex`));
  } catch {
    return [];
  }
}
