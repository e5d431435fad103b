import { readFileSync } from "node:fs";

/** `kernel.unprivileged_bpf_disabled`: 0 allowed, 1 disabled until reboot, 2 disabled; undefined where it cannot be read. */
export function unprivilegedBpfDisabled(): number | undefined {
  return readNumber("/proc/sys/kernel/unprivileged_bpf_disabled");
}

/** A sysctl or another one-number file, such as `/proc/sys/net/core/bpf_jit_enable`; undefined where it cannot be read. */
export function readNumber(path: string): number | undefined {
  const text = readText(path)?.trim();
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined;
  return Number(text);
}

/** Kernel lockdown: the mode that is on, undefined where securityfs is not mounted or the kernel has no lockdown. */
export function lockdown(): "none" | "integrity" | "confidentiality" | undefined {
  const mode = /\[(\w+)\]/.exec(readText("/sys/kernel/security/lockdown") ?? "")?.[1];
  return mode === "none" || mode === "integrity" || mode === "confidentiality" ? mode : undefined;
}

/** The names of the LSMs that are on, such as `bpf`; undefined where securityfs is not mounted. */
export function securityModules(): readonly string[] | undefined {
  return readText("/sys/kernel/security/lsm")?.trim().split(",");
}

/** A small file of /proc or /sys as text, undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
