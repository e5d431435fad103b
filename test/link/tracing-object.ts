import assert from "node:assert/strict";
import { getPriority } from "node:os";
import type { TestContext } from "node:test";
import { type BpfObject, type LoadOptions, loadObject, readObject } from "../../src/load/index.ts";
import type { Program } from "../../src/program/index.ts";
import { kernelPid } from "../support/kernel-pid.ts";
import type { Attachable } from "./conformance.ts";

/** A program of test/bpf/links-tracing with its counter, which counts this process's runs. */
export interface Traced extends Attachable {
  readonly object: BpfObject;
  /** The cookie that the program saw last. */
  cookie(): unknown;
}

export interface TracedOptions extends Pick<LoadOptions, "targets"> {
  /** Whether the program is to ask for its cookie. */
  readonly withCookie?: boolean;
  /** Count the runs of all processes. */
  readonly everybody?: boolean;
}

/** Loads one program of the object; closed after the test. */
export function traced(t: Pick<TestContext, "after">, name: string, options: TracedOptions = {}): Traced {
  const { withCookie = false, everybody = false, targets } = options;
  const spec = readObject("test/bpf/links-tracing.bpf.o");
  const { wanted, with_cookie } = spec.variables;
  assert.ok(wanted && with_cookie);
  wanted.value = everybody ? 0 : kernelPid();
  with_cookie.value = withCookie;
  const object = loadObject(spec, { programs: [name], targets });
  t.after(() => object.close());
  return {
    object,
    program: object.programs[name] as Program,
    count: () => object.variables.hits?.value as bigint,
    cookie: () => object.variables.cookie?.value,
  };
}

/** Makes this process pass getpriority(2), in libc and in the kernel. */
export function callGetpriority(): void {
  getPriority(0);
}
