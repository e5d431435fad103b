import { Errno, UsageError } from "../errors/index.ts";
import { causeText } from "../explain/index.ts";
import { deviceIndex, hasDevice } from "../sys/index.ts";

/** A network device in the calling thread's network namespace. */
export interface Device {
  readonly ifindex: number;
  /** The name that errors use: `network device eth0`. */
  readonly what: string;
}

/**
 * Finds a network device by its name or index. Throws UsageError if there is no such device or if the index is not
 * valid.
 */
export function findDevice(device: string | number): Device {
  if (typeof device === "number") {
    if (Number.isInteger(device) && device > 0 && device <= 0x7fffffff) {
      return { ifindex: device, what: `network device ${device}` };
    }
    throw new UsageError(`${device} is not the index of a network device; an index is a whole number of 1 or more`);
  }
  if (!/^[^/\s]{1,15}$/.test(device) || device === "." || device === "..") {
    throw new UsageError(`"${device}" is not the name of a network device`);
  }
  const ifindex = deviceIndex(device);
  if (ifindex === undefined) throw new UsageError(`there is no network device ${device}`);
  return { ifindex, what: `network device ${device}` };
}

/** Returns a reason if the errno means that no device has this index. The errno is ENODEV, or EINVAL for XDP. */
export function missingDevice(errno: number, ifindex: number): string | undefined {
  if (errno !== Errno.ENODEV && (errno !== Errno.EINVAL || hasDevice(ifindex))) return undefined;
  return causeText("noDevice");
}
