import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A temporary directory of the test's own, removed after it with all that is in it. */
export function withDirectory(t: Pick<TestContext, "after">): string {
  const path = mkdtempSync(join(tmpdir(), "bpfts-test-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}
