import type { TestContext } from "node:test";
import { closeFd } from "../../src/sys/index.ts";

/** Closes an fd after the test, and returns it: `const map = owned(t, mapCreate(…))`. */
export function owned(t: Pick<TestContext, "after">, fd: number): number {
  t.after(() => closeFd(fd));
  return fd;
}
