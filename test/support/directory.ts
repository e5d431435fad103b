import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A temporary directory of the test's own, removed after it with all that is in it. */
export function withDirectory(t: Pick<TestContext, "after">): string {
  const path = mkdtempSync(join(tmpdir(), "bpfts-test-"));
  t.after(() => removeDirectory(path));
  return path;
}

/** Removes a directory. A process that is about to end may still write into it: then the removal begins again. */
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
