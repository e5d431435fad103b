import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { cgroup2Mount } from "../../src/sys/index.ts";

/** A cgroup of the test's own. */
export interface TestCgroup {
  readonly path: string;
  /** An fd of its directory; closed after the test. */
  readonly fd: number;
  /** Functions that remove the descendants of the cgroup. */
  readonly below: (() => void)[];
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
  const below: (() => void)[] = [];
  t.after(() => {
    for (const remove of below) remove();
    closeSync(fd);
    for (const pid of readFileSync(join(path, "cgroup.procs"), "utf8").split("\n")) {
      if (pid !== "") writeFileSync(join(root, "cgroup.procs"), pid);
    }
    removeCgroup(path);
  });
  return { path, fd, below };
}

/** A cgroup below another one; removed after the test, before that one. */
export function withCgroupBelow(parent: TestCgroup, name: string): TestCgroup {
  const path = join(parent.path, name);
  mkdirSync(path);
  const fd = openSync(path, "r");
  // Hooks of a test run in the order of their making, so the parent's is to find it gone.
  parent.below.unshift(() => {
    closeSync(fd);
    removeCgroup(path);
  });
  return { path, fd, below: parent.below };
}

const CHILD = join(import.meta.dirname, "cgroup-child.js");

/** A process in a network namespace of its own that goes into cgroups and makes their hooks fire. Ended after the test. */
export class CgroupProcess {
  readonly #child: ChildProcess;

  constructor(t: Pick<TestContext, "after">) {
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    this.#child = fork(CHILD, { env, execArgv: [] });
    t.after(() => this.#child.kill());
  }

  /** Does there what makes the hooks fire: all of it, or the actions that are named. */
  async act(cgroup: string, ...actions: string[]): Promise<void> {
    const child = this.#child;
    child.send({ cgroup, actions });
    const ended = new AbortController();
    const end = (code: number | null): void => ended.abort(new Error(`the process for ${cgroup} ended with ${code}`));
    child.once("exit", end);
    const [answer] = await once(child, "message", { signal: ended.signal });
    child.removeListener("exit", end);
    const { problem } = answer as { problem?: string };
    if (problem !== undefined) throw new Error(`the process in ${cgroup}: ${problem}`);
  }
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
