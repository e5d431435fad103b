import assert from "node:assert/strict";
import { constants, openSync } from "node:fs";
import { test } from "node:test";
import { traceLog } from "../../src/events/index.ts";
import { closeFd, withTracefs } from "../../src/sys/index.ts";

test("a trace pipe that another reader has: the error says so", async (t) => {
  const open = (): number =>
    withTracefs((path) => openSync(`${path}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK));
  let fd: number;
  try {
    fd = open();
  } catch {
    return t.skip("another test reads the trace pipe");
  }
  try {
    try {
      closeFd(open());
      return t.skip("this kernel lets several readers open the trace pipe (before 6.6)");
    } catch {
      // One reader at a time.
    }
    await assert.rejects(traceLog().next(), {
      name: "SyscallError",
      message:
        "the kernel's trace pipe: open: Device or resource busy (EBUSY); another process reads it; end that reader first",
    });
  } finally {
    closeFd(fd);
  }
});
