import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { mountBpffs, UmountFlag, unmount } from "../../src/sys/index.ts";

/**
 * Mounts a new bpffs in a temporary directory and returns its path. It is unmounted after the test, even if the test
 * fails.
 */
export function withBpffs(t: Pick<TestContext, "after">, data?: string): string {
  const path = mkdtempSync(join(tmpdir(), "bpfts-bpffs-"));
  t.after(() => {
    try {
      unmount(path, UmountFlag.MNT_DETACH);
    } finally {
      rmdirSync(path);
    }
  });
  mountBpffs(path, data);
  return path;
}
