import { readdirSync, readFileSync } from "node:fs";
import { release, version } from "node:os";
import { formatHex } from "../layout/index.ts";

/** A kernel's version: its three numbers, and the one number that the kernel's macro KERNEL_VERSION() makes of them. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `major << 16 | minor << 8 | patch`. As in LINUX_VERSION_CODE, a patch above 255 counts as 255. */
  readonly code: number;
}

/** Returns the release that `uname -r` prints. */
export function kernelRelease(): string {
  return release();
}

let running: KernelVersion | undefined;

/**
 * Returns the running kernel's version. On Ubuntu and Debian, `uname -r` does not show the stable release from which
 * the kernel was built. Ubuntu shows this release in /proc/version_signature, Debian after "Debian " in `uname -v`.
 */
export function kernelVersion(): KernelVersion {
  running ??= ubuntuVersion() ?? parseVersion(/Debian (\d+\.\d+\.\d+)/.exec(version())?.[1]) ?? parseVersion(release());
  return running ?? { major: 0, minor: 0, patch: 0, code: 0 };
}

let releaseVersion: KernelVersion | undefined;

/**
 * Returns true if the running kernel is `major.minor` or newer. If there is a probe for a feature, use the probe
 * instead, because distributions backport features. Only `uname -r` is read, because distributions change only the
 * patch number.
 */
export function kernelAtLeast(major: number, minor: number): boolean {
  releaseVersion ??= parseVersion(release());
  const kernel = releaseVersion;
  if (kernel === undefined) return false;
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

/**
 * Parses the version at the start of a text such as `6.18.44-fc`. Returns undefined if the text does not begin with a
 * version.
 */
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

const NT_GNU_BUILD_ID = 3;
const HEADER_SIZE = 12;

/**
 * Returns the build id of the running kernel in hexadecimal (`readelf -n vmlinux` shows it too); undefined if the
 * kernel has none, or if /sys does not show it.
 */
export function kernelBuildId(): string | undefined {
  let notes: Uint8Array;
  try {
    notes = readFileSync("/sys/kernel/notes");
  } catch {
    return undefined;
  }
  return parseBuildId(notes);
}

/**
 * Finds the build id in ELF notes. The fields of a note are: length of the name, length of the content, type, name,
 * content.
 */
export function parseBuildId(notes: Uint8Array): string | undefined {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  const padded = (size: number): number => (size + 3) & ~3;
  for (let at = 0; at + HEADER_SIZE <= notes.length; ) {
    const nameSize = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    const type = view.getUint32(at + 8, true);
    const name = at + HEADER_SIZE;
    const start = name + padded(nameSize);
    if (type === NT_GNU_BUILD_ID && isGnu(notes.subarray(name, name + nameSize))) {
      const id = notes.subarray(start, start + size);
      return id.length === size && size > 0 ? formatHex(id) : undefined;
    }
    if (nameSize > notes.length || size > notes.length) return undefined;
    at = start + padded(size);
  }
  return undefined;
}

function isGnu(name: Uint8Array): boolean {
  return name.length === 4 && name[0] === 0x47 && name[1] === 0x4e && name[2] === 0x55 && name[3] === 0;
}

/**
 * The largest size of a decompressed config, so that a damaged file cannot fill the memory. A real config is smaller
 * than 1 MB.
 */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Returns the values of the running kernel's build options (`CONFIG_X`). A value is `y`, `m`, a number, or a text with
 * its quotes. As in libbpf, the source is /boot/config-RELEASE, or else /proc/config.gz. Returns undefined if neither
 * file can be read.
 */
export function kernelConfig(): ReadonlyMap<string, string> | undefined {
  const text = readConfig(`/boot/config-${kernelRelease()}`) ?? readConfig("/proc/config.gz");
  return text === undefined ? undefined : parseKernelConfig(text);
}

function readConfig(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!compressed) return bytes.toString("utf8");
  // Load zlib only when it is needed: it takes one or two milliseconds.
  const { gunzipSync } = process.getBuiltinModule("node:zlib");
  return gunzipSync(bytes, { maxOutputLength: MOST_BYTES }).toString("utf8");
}

/** Parses `CONFIG_X=value` lines. Skips comments such as `# CONFIG_X is not set`. */
export function parseKernelConfig(text: string): ReadonlyMap<string, string> {
  const config = new Map<string, string>();
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    if (line.startsWith("CONFIG_") && equals > 0) config.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  return config;
}

/**
 * Reads `kernel.unprivileged_bpf_disabled`. 0: allowed, 1: disabled until reboot, 2: disabled. Returns undefined if the
 * file cannot be read.
 */
export function unprivilegedBpfDisabled(): number | undefined {
  return readNumber("/proc/sys/kernel/unprivileged_bpf_disabled");
}

/**
 * Reads a file with one number, such as `/proc/sys/net/core/bpf_jit_enable`. Returns undefined if it cannot be read.
 */
export function readNumber(path: string): number | undefined {
  const text = readText(path)?.trim();
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined;
  return Number(text);
}

/** Returns the mode of kernel lockdown; undefined if securityfs is not mounted or the kernel has no lockdown. */
export function lockdown(): "none" | "integrity" | "confidentiality" | undefined {
  const mode = /\[(\w+)\]/.exec(readText("/sys/kernel/security/lockdown") ?? "")?.[1];
  return mode === "none" || mode === "integrity" || mode === "confidentiality" ? mode : undefined;
}

/** Returns the names of the active LSMs, such as `bpf`; undefined if securityfs is not mounted. */
export function securityModules(): readonly string[] | undefined {
  return readText("/sys/kernel/security/lsm")?.trim().split(",");
}

/** Reads a small text file of /proc or /sys. Returns undefined if it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const DIRECTORY = "/sys/kernel/btf";

/** Returns the path of the raw BTF of the kernel, or of a module (5.11). The file may not exist. */
export function kernelBtfPath(module = "vmlinux"): string {
  return `${DIRECTORY}/${module}`;
}

/** Returns the names of the modules with BTF, sorted; none if the kernel was built without BTF. */
export function kernelBtfModules(): string[] {
  try {
    return readdirSync(DIRECTORY)
      .filter((name) => name !== "vmlinux")
      .sort();
  } catch {
    return [];
  }
}
