import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountBpffs, UmountFlag, unmount } from "../../dist/sys/index.js";

/** Mounts a new bpffs and passes its path to `work`. Afterwards unmounts the bpffs, which removes all pins in it. */
export async function withBpffs(work) {
  const path = mkdtempSync(join(tmpdir(), "bpfts-soak-"));
  try {
    mountBpffs(path);
    try {
      return await work(path);
    } finally {
      unmount(path, UmountFlag.MNT_DETACH);
    }
  } finally {
    rmdirSync(path);
  }
}
