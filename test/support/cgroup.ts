import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { cgroup2Mount } from "../../src/sys/index.ts";

/** A cgroup that was made for one test. */
export interface TestCgroup {
  readonly path: string;
  /** An fd of the cgroup's directory. It is closed after the test. */
  readonly fd: number;
  /** Functions that remove the descendants of the cgroup. */
  readonly below: (() => void)[];
}

let count = 0;

/**
 * Makes an empty cgroup v2 below the root. After the test, moves processes that are left in it to the root, and removes
 * it.
 */
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

/** Makes a cgroup below another test cgroup. After the test, it is removed before its parent. */
export function withCgroupBelow(parent: TestCgroup, name: string): TestCgroup {
  const path = join(parent.path, name);
  mkdirSync(path);
  const fd = openSync(path, "r");
  // The `after` hooks of a test run in the order in which they were added, so the parent's hook removes the child
  // first.
  parent.below.unshift(() => {
    closeSync(fd);
    removeCgroup(path);
  });
  return { path, fd, below: parent.below };
}

const CHILD = join(import.meta.dirname, "cgroup-child.js");

/**
 * A child process with its own network namespace. It enters cgroups and makes their hooks fire. It ends after the test.
 */
export class CgroupProcess {
  readonly #child: ChildProcess;

  constructor(t: Pick<TestContext, "after">) {
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    this.#child = fork(CHILD, { env, execArgv: [] });
    t.after(() => this.#child.kill());
  }

  /** Makes hooks of a cgroup fire by all actions of cgroup-child.ts, or only by the named ones. */
  async act(cgroup: string, ...actions: string[]): Promise<void> {
    const child = this.#child;
    child.send({ cgroup, actions });
    const ended = new AbortController();
    const end = (code: number | null): void =>
      ended.abort(new Error(`the child process for ${cgroup} ended with exit code ${code}`));
    child.once("exit", end);
    const [answer] = await once(child, "message", { signal: ended.signal });
    child.removeListener("exit", end);
    const { problem } = answer as { problem?: string };
    if (problem !== undefined) throw new Error(`the child process failed in ${cgroup}: ${problem}`);
  }
}

/**
 * Removes a cgroup. Retries after EBUSY, because the kernel empties a cgroup only some time after its last process has
 * ended.
 */
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
