import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Makes a temporary directory and returns its path. After the test, it is removed with everything in it. */
export function withDirectory(t: Pick<TestContext, "after">): string {
  const path = mkdtempSync(join(tmpdir(), "bpfts-test-"));
  t.after(() => removeDirectory(path));
  return path;
}

/** Removes a directory. Retries if another process, which is about to end, still writes into the directory. */
function removeDirectory(path: string): void {
  for (let tries = 0; ; tries++) {
    try {
      rmSync(path, { recursive: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY" || tries === 100) throw error;
    }
  }
}
