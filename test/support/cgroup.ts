import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { cgroup2Mount } from "../../src/sys/index.ts";

/** A cgroup of the test's own. */
export interface TestCgroup {
  readonly path: string;
  /** An fd of its directory; closed after the test. */
  readonly fd: number;
}

let count = 0;

/** An empty cgroup v2 below the root; processes left in it go back to the root, and it is removed after the test. */
export function withCgroup(t: Pick<TestContext, "after">): TestCgroup {
  const root = cgroup2Mount();
  if (root === undefined) throw new Error("no cgroup v2 is mounted");
  count += 1;
  const path = join(root, `bpfts-test-${process.pid}-${count}`);
  mkdirSync(path);
  const fd = openSync(path, "r");
  t.after(() => {
    closeSync(fd);
    for (const pid of readFileSync(join(path, "cgroup.procs"), "utf8").split("\n")) {
      if (pid !== "") writeFileSync(join(root, "cgroup.procs"), pid);
    }
    removeCgroup(path);
  });
  return { path, fd };
}

/** The kernel empties a cgroup a moment after its last process ended, and says EBUSY until then. */
function removeCgroup(path: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; ; attempt++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY" || attempt === 100) throw error;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}
