import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { beginCall, placeText } from "../../src/sys/call-buffer.ts";
import { syscall } from "../../src/sys/ffi.ts";
import { closeFd } from "../../src/sys/index.ts";

const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;

/**
 * Starts a script of this folder as root of a new user namespace. The script calls {@link delegatedBpffs}. This
 * function delegates all BPF features to the script's bpffs, and returns the parsed JSON that the script prints
 * afterwards.
 */
export async function runDelegated<Said>(t: Pick<TestContext, "after">, script: string): Promise<Said> {
  const child = spawn(
    "unshare",
    ["--user", "--map-root-user", "--mount", process.execPath, join(import.meta.dirname, script)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { context } = JSON.parse((await lines.next()).value as string) as { context: number };
  delegate(child.pid as number, context);
  child.stdin.write("go\n");
  return JSON.parse((await lines.next()).value as string) as Said;
}

/**
 * Finishes the bpffs that the child process has begun to create, and delegates all BPF features to it. `context` is the
 * child's fd from fsopen(2).
 */
function delegate(pid: number, context: number): void {
  const pidFd = syscall("pidfd_open", pid, 0);
  const fd = syscall("pidfd_getfd", pidFd, context, 0);
  try {
    assert.ok(fd >= 0, `pidfd_getfd: ${fd}`);
    for (const option of ["delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs"]) {
      beginCall();
      const result = syscall("fsconfig", fd, FSCONFIG_SET_STRING, placeText(option), placeText("any"), 0);
      assert.equal(result, 0, option);
    }
    assert.equal(syscall("fsconfig", fd, FSCONFIG_CMD_CREATE, 0, 0, 0), 0);
  } finally {
    if (fd >= 0) closeFd(fd);
    closeFd(pidFd);
  }
}

/**
 * Makes a bpffs to which the parent process delegates BPF features, and returns the fd of its mount. The child process
 * calls this function.
 */
export async function delegatedBpffs(): Promise<number> {
  beginCall();
  const context = syscall("fsopen", placeText("bpf"), 0);
  console.log(JSON.stringify({ context }));
  for await (const _ of createInterface({ input: process.stdin })) break;
  return syscall("fsmount", context, 0, 0);
}
