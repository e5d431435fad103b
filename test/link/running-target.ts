import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { withDirectory } from "../support/directory.ts";

const DIRECTORY = "test/link/probe/usdt";

/** A running target: `fire` passes its probes once, and returns the number of its semaphore. */
export class RunningTarget {
  readonly path: string;
  readonly #child: ChildProcess;

  /** Runs a copy of the file `name`, in which `change` may overwrite bytes. */
  constructor(t: TestContext, name: string, change: (data: Buffer) => void = () => {}) {
    // The semaphore is counted in the file that is mapped: each test has its own copy.
    this.path = join(withDirectory(t), name);
    const data = readFileSync(join(DIRECTORY, name));
    change(data);
    writeFileSync(this.path, data, { mode: 0o755 });
    this.#child = spawn(this.path, { stdio: ["pipe", "pipe", "inherit"] });
    t.after(async () => {
      this.#child.stdin?.end();
      await once(this.#child, "close");
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async fire(): Promise<number> {
    this.#child.stdin?.write("x");
    const [answer] = (await once(this.#child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    return answer[0] as number;
  }
}
