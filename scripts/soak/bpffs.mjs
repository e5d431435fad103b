import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountBpffs, UmountFlag, unmount } from "../../dist/sys/index.js";

/** Runs `work` with a bpffs of its own, which is gone afterwards with all that is pinned in it. */
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
