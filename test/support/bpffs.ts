import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { mountBpffs, UmountFlag, unmount } from "../../src/sys/index.ts";

/** A bpffs of the test's own, in a temporary directory; unmounted after the test, however it ends. */
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
