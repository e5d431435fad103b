import { readFileSync } from "node:fs";
import { release, version } from "node:os";

/** A kernel's version as the kernel's KERNEL_VERSION() compares it. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `major << 16 | minor << 8 | patch`, with a patch above 255 counted as 255, as LINUX_VERSION_CODE does. */
  readonly code: number;
}

/** `uname -r`. */
export function kernelRelease(): string {
  return release();
}

let running: KernelVersion | undefined;

/**
 * The running kernel's version. Ubuntu and Debian build from a stable release that `uname -r` does not tell:
 * /proc/version_signature and the text after "Debian " in `uname -v` do.
 */
export function kernelVersion(): KernelVersion {
  running ??= ubuntuVersion() ?? parseVersion(/Debian (\d+\.\d+\.\d+)/.exec(version())?.[1]) ?? parseVersion(release());
  return running ?? { major: 0, minor: 0, patch: 0, code: 0 };
}

let releaseVersion: KernelVersion | undefined;

/**
 * Whether the running kernel is `major.minor` or newer. Only for what no probe can tell: distributions backport. What
 * they number otherwise is the patch, so `uname -r` tells this, and no file is looked for.
 */
export function kernelAtLeast(major: number, minor: number): boolean {
  releaseVersion ??= parseVersion(release());
  const kernel = releaseVersion;
  if (kernel === undefined) return false;
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

/** The version at the start of a text such as `6.18.44-fc`; undefined where there is none. */
export function parseVersion(text: string | undefined): KernelVersion | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? "");
  if (match === null) return undefined;
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  return { major, minor, patch, code: (major << 16) | (minor << 8) | Math.min(patch, 255) };
}

function ubuntuVersion(): KernelVersion | undefined {
  let text: string;
  try {
    text = readFileSync("/proc/version_signature", "utf8");
  } catch {
    return undefined;
  }
  return parseVersion(text.trim().split(/\s+/)[2]);
}
