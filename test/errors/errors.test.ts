import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import {
  BpfError,
  ClosedError,
  Errno,
  errnoName,
  errnoText,
  FormatError,
  NotSupportedError,
  SyscallError,
  UsageError,
} from "../../src/errors/index.ts";

const sentences: readonly [error: BpfError, code: string, message: string][] = [
  [new FormatError({ source: "a.o" }, "is empty"), "FORMAT", "a.o: is empty"],
  [
    new FormatError({ source: "a.o: .BTF", offset: 24 }, "ends early"),
    "FORMAT",
    "a.o: .BTF at offset 0x18: ends early",
  ],
  [
    new SyscallError({ call: "bpf(BPF_MAP_CREATE)", errno: 1, subject: "map counts", hint: "CAP_BPF is missing" }),
    "SYSCALL",
    "map counts: bpf(BPF_MAP_CREATE): Operation not permitted (EPERM); CAP_BPF is missing",
  ],
  [
    new SyscallError({ call: "bpf(BPF_LINK_DETACH)", errno: 524 }),
    "SYSCALL",
    "bpf(BPF_LINK_DETACH): Operation not supported by the kernel (ENOTSUPP)",
  ],
  [
    new NotSupportedError({ feature: "tcx links", minVersion: "6.6", detail: "on lo" }),
    "NOT_SUPPORTED",
    "this kernel does not support tcx links (Linux 6.6 or newer has it): on lo",
  ],
  [new UsageError("no program x"), "USAGE", "no program x"],
  [new ClosedError("map counts"), "CLOSED", "map counts is closed"],
];
for (const [error, code, message] of sentences) {
  test(`${error.name} builds its sentence: ${message}`, () => {
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    assert.ok(error instanceof BpfError);
    assert.equal(error.name, error.constructor.name);
  });
}

test("errno names and numbers are this system's", () => {
  for (const [name, errno] of Object.entries(constants.errno)) {
    assert.equal(
      Errno[name === "EWOULDBLOCK" ? "EAGAIN" : name === "ENOTSUP" ? "EOPNOTSUPP" : (name as "EPERM")],
      errno,
      name,
    );
  }
  assert.equal(errnoName(4095), "errno 4095");
  assert.equal(errnoText(4095), "Unknown error 4095");
});
