import { readFileSync } from "node:fs";
import { kernelRelease } from "./kernel-version.ts";

/** A config is below 1 MB; the bound keeps a wrong file from filling memory. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The running kernel's build configuration: `CONFIG_X` to `y`, `m`, a number, or a text with its quotes. Read where
 * libbpf reads it, from /boot/config-RELEASE or else /proc/config.gz; undefined where neither can be read.
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
  // Loaded here, not with this file: it takes a millisecond or two of every start.
  const { gunzipSync } = process.getBuiltinModule("node:zlib");
  return gunzipSync(bytes, { maxOutputLength: MOST_BYTES }).toString("utf8");
}

/** Parses `CONFIG_X=value` lines; a comment (`# CONFIG_X is not set`) leaves its name out. */
export function parseKernelConfig(text: string): ReadonlyMap<string, string> {
  const config = new Map<string, string>();
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    if (line.startsWith("CONFIG_") && equals > 0) config.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  return config;
}
