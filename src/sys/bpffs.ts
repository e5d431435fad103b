import { statSync } from "node:fs";
import { UsageError } from "../errors/index.ts";
import { isBpffs } from "./file-systems.ts";
import { MountFlag, mount } from "./mount.ts";
import { mounts } from "./mounts.ts";

/** Where systemd and bpftool mount it. */
export const BPFFS_PATH = "/sys/fs/bpf";

/** Mount points of bpffs that can be reached, the standard one first. */
export function bpffsMounts(): string[] {
  const paths = new Set(
    mounts()
      .filter(({ type, path }) => type === "bpf" && isBpffs(path))
      .map(({ path }) => path),
  );
  return [...paths].sort((a, b) => Number(b === BPFFS_PATH) - Number(a === BPFFS_PATH));
}

/**
 * The path of a bpffs: the standard one, else any that is mounted. If there is none, it is mounted at /sys/fs/bpf,
 * an empty directory of sysfs made for it; never over a directory of the user's.
 */
export function ensureBpffs(): string {
  if (isBpffs(BPFFS_PATH)) return BPFFS_PATH;
  const [mounted] = bpffsMounts();
  if (mounted !== undefined) return mounted;
  mountBpffs(BPFFS_PATH);
  return BPFFS_PATH;
}

/** Mounts a bpffs on an existing directory, readable by root alone, as bpftool does. `data`: `delegate_cmds=…` and such. */
export function mountBpffs(path: string, data = "mode=0700"): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${path} is not a directory to mount a bpffs on`);
  }
  const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC;
  mount({ source: "bpf", target: path, type: "bpf", flags, data });
}
