import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { VerifierError } from "../../src/load/index.ts";

const read = (name: string): string => readFileSync(`test/load/verifier-logs/${name}.log`, "utf8");

interface Golden {
  readonly log: string;
  readonly message: string;
  readonly telling: string;
  readonly slot: number;
  readonly title?: string;
  readonly place?: string;
  readonly steps?: number;
}

/** Logs as kernels wrote them for objects of test/bpf. */
const golden: readonly Golden[] = [
  {
    log: "7.3-null",
    message:
      "program p is refused by the verifier at instruction 7: R0 may be NULL here (a nullable map value pointer). " +
      "The program could dereference NULL on this path, so the verifier cannot prove this access is safe; " +
      "source: return *value; @ verifier-null.bpf.c:17; " +
      "suggestion: Add a NULL check before the access and dereference the pointer only on the non-NULL path",
    telling: "R0 invalid mem access 'map_value_or_null'",
    slot: 7,
    title: "Register Type Safety: Invalid dereference",
    place: "careless @ verifier-null.bpf.c:17:10",
    steps: 14,
  },
  {
    log: "7.3-license",
    message:
      "program p is refused by the verifier at instruction 0: The helper bpf_get_current_task#35 is not allowed: " +
      "this helper is restricted to GPL-compatible programs; " +
      'source: return bpf_get_current_task() == 0 ? 0 : bpf_trace_printk("text", 5); @ license-other.bpf.c:8; ' +
      "suggestion: Use a GPL-compatible license, or replace the helper with one that is available to non-GPL programs",
    telling: "cannot call GPL-restricted function from non-GPL compatible program",
    slot: 0,
    title: "Policy: Operation is not allowed",
    place: "program @ license-other.bpf.c:8:10",
    steps: 0,
  },
  {
    log: "6.18-poisoned",
    message:
      "program p is refused by the verifier at instruction 1: why it was poisoned; " +
      "source: struct task_struct___never *task = (void *)bpf_get_current_task(); @ core-unguarded.bpf.c:14",
    telling: "invalid func unknown#195896080",
    slot: 1,
  },
  {
    log: "6.18-callee",
    message:
      "program p is refused by the verifier at instruction 16: invalid read from stack off -5+0 size 1; " +
      "source: if (first >> 4 == 4) { @ counter.bpf.c:48",
    telling: "invalid read from stack off -5+0 size 1",
    slot: 16,
  },
  {
    log: "6.18-infinite-loop",
    message:
      "program p is refused by the verifier at instruction 1: infinite loop detected at insn 1; " +
      'source: asm volatile("%0 ^= 1" : "+r"(n)); @ loop.bpf.c:7',
    telling: "infinite loop detected at insn 1",
    slot: 1,
  },
  {
    log: "6.18-unreachable",
    message: "program p is refused by the verifier at instruction 2: unreachable insn 2",
    telling: "unreachable insn 2",
    slot: 2,
  },
];

for (const { log, message, telling, slot, title, place, steps } of golden) {
  test(`the telling line comes first: ${log}`, () => {
    const poisoned = new Map([[1, { reason: "why it was poisoned", diagnose: () => undefined }]]);
    const error = new VerifierError({ program: "p", errno: 13, log: read(log), poisoned });
    assert.equal(error.message, message);
    assert.equal(error.telling, telling);
    assert.equal(error.slot, slot);
    assert.equal(error.kernelReport?.title, title);
    assert.equal(error.kernelReport?.place, place);
    assert.equal(error.kernelReport?.causalPath.length, steps);
    assert.equal(error.errno, 13);
  });
}

test("the program's own line information is preferred to the log's quotation", () => {
  const lineAt = (slot: number): string => `file.c:9: text of ${slot};`;
  const error = new VerifierError({ program: "p", errno: 13, log: read("6.18-callee"), lineAt });
  assert.equal(error.sourceLine, "file.c:9: text of 16;");
});

test("a log that says nothing leaves the errno", () => {
  const error = new VerifierError({ program: "p", errno: 7, log: "processed 3 insns\n" });
  assert.equal(error.message, "program p is refused by the verifier: Argument list too long (E2BIG)");
});

test("any log, whole or cut anywhere, makes an error", () => {
  const logs = golden.map(({ log }) => read(log));
  fc.assert(
    fc.property(fc.constantFrom(...logs), fc.nat(4000), fc.nat(4000), (log, from, length) => {
      const error = new VerifierError({ program: "p", errno: 22, log: log.slice(from, from + length) });
      assert.match(error.message, /^program p is refused by the verifier/);
    }),
  );
});
