import { readFileSync } from "node:fs";
import { lookUp } from "../layout/index.ts";

/** The capabilities that BPF needs, by number (include/uapi/linux/capability.h). */
export const Capability = {
  CAP_NET_ADMIN: 12,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_SYSLOG: 34,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type Capability = keyof typeof Capability;

/** Returns this thread's effective capabilities as a bit set (`CapEff` of /proc/thread-self/status). */
export function effectiveCapabilities(): bigint {
  // Capabilities belong to a thread: a worker may have dropped its capabilities.
  const status = readFileSync("/proc/thread-self/status", "utf8");
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
}

/** Returns true if `set` contains a capability. */
export function hasCapability(name: Capability, set: bigint = effectiveCapabilities()): boolean {
  return ((set >> BigInt(lookUp(Capability, name, "capability"))) & 1n) === 1n;
}

/** Returns for each capability that BPF needs whether this thread has it. */
export function capabilities(): Readonly<Record<Capability, boolean>> {
  const set = effectiveCapabilities();
  const result = {} as Record<Capability, boolean>;
  for (const name of Object.keys(Capability) as Capability[]) result[name] = hasCapability(name, set);
  return result;
}

/**
 * Returns true if the process is in the initial user namespace. In any other user namespace, bpf(2) ignores
 * capabilities unless the caller passes a token.
 */
export function inInitialUserNamespace(): boolean {
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "utf8"));
  } catch {
    return true;
  }
}
