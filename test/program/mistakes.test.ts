import assert from "node:assert/strict";
import { test } from "node:test";
import { describeLinks, describeMaps, describePrograms, objectHolders } from "../../src/inventory/index.ts";
import { openLink } from "../../src/link/index.ts";
import { metric, profileProgram } from "../../src/profile/index.ts";
import { openProgram, Program, type RunOptions } from "../../src/program/index.ts";
import { kernelAtLeast, OwnedFd, progLoad } from "../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../src/uapi/index.ts";
import { returning } from "../support/programs.ts";

function loaded(t: { after(end: () => void): void }, prog_type: BpfProgType, expected_attach_type = 0): Program {
  const insns = returning(0);
  const fd = new OwnedFd(progLoad({ prog_type, insns, expected_attach_type }), "program tried");
  const program = new Program(fd, { name: "tried", type: prog_type });
  t.after(() => program.close());
  return program;
}

test("a test run that the kernel refuses: which program, which option, and what it takes", (t) => {
  const { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_RAW_TRACEPOINT } = BpfProgType;
  const { BPF_PROG_TYPE_SK_LOOKUP, BPF_PROG_TYPE_TRACEPOINT } = BpfProgType;
  const xdp = loaded(t, BPF_PROG_TYPE_XDP);
  const cls = loaded(t, BPF_PROG_TYPE_SCHED_CLS);
  const raw = loaded(t, BPF_PROG_TYPE_RAW_TRACEPOINT);
  const lookup = loaded(t, BPF_PROG_TYPE_SK_LOOKUP, BpfAttachType.BPF_SK_LOOKUP);
  const packet = new Uint8Array(64);
  const tries: readonly [Program, RunOptions, RegExp][] = [
    [
      xdp,
      {},
      /^SyscallError: program tried \(xdp\) cannot be run: dataIn must be a packet of at least 14 bytes; it has 0$/,
    ],
    [cls, { dataIn: packet.subarray(0, 4) }, /dataIn must be a packet of at least 14 bytes; it has 4$/],
    [
      cls,
      { dataIn: packet, batchSize: 3 },
      /\(sched_cls\) cannot be run: a test run of a sched_cls program does not take the option 'batchSize'$/,
    ],
    [
      cls,
      { dataIn: packet, flags: 0x800 },
      /an option has a wrong value; a test run of a sched_cls program takes dataIn, /,
    ],
    [cls, { dataIn: packet, ctxIn: new Uint8Array(1024).fill(1) }, /ctxIn is longer than this kernel's struct/],
    [raw, { dataIn: packet }, /a test run of a raw_tracepoint program does not take the option 'dataIn'$/],
    [raw, { cpu: 1 }, /the option 'cpu' needs the flag BPF_F_TEST_RUN_ON_CPU$/],
    // Before 5.14 these programs cannot be run.
    [lookup, {}, kernelAtLeast(5, 14) ? /ctxIn must be given: a struct bpf_sk_lookup$/ : /only at their hook$/],
    [
      loaded(t, BPF_PROG_TYPE_TRACEPOINT),
      {},
      /the kernel cannot test-run tracepoint programs; it runs them only at their hook$/,
    ],
  ];
  for (const [program, options, message] of tries) {
    assert.throws(
      () => program.run(options),
      (error) => (error as { code: string }).code === "SYSCALL" && message.test(String(error)),
      String(message),
    );
  }
});

test("options that do not exist or do not fit are refused", (t) => {
  const program = loaded(t, BpfProgType.BPF_PROG_TYPE_SCHED_CLS);
  const wrong = <T>(value: unknown): T => value as T;
  const tries: readonly [() => unknown, RegExp][] = [
    [() => program.run(wrong({ data: new Uint8Array(64) })), /run has no option 'data'; it has dataIn, /],
    [() => program.run({ dataIn: wrong("packet") }), /run: the option 'dataIn' must be a Uint8Array, not "packet"/],
    [() => program.benchmark(wrong({ times: 3 })), /run has no option 'times'/],
    [() => program.info(wrong({ map_ids: true })), /info has no option 'map_ids'; it has mapIds, /],
    [() => program.stream(wrong("toString")), /there is no program stream toString; use one of stdout, stderr/],
    [() => openProgram(wrong({ name: "x" })), /openProgram has no option 'name'; it has id, fd, pinned/],
    [() => openProgram(wrong({})), /openProgram needs exactly one of id, fd, pinned/],
    [() => openLink(wrong({ id: 1, fd: 2 })), /openLink needs exactly one of id, fd, pinned/],
    [() => openLink({ id: wrong("1") }), /openLink: the option 'id' must be a whole number of 0 or more/],
    [
      () => describePrograms(wrong({ pin: true })).next(),
      /describePrograms has no option 'pin'; it has fds, pins, holders, details/,
    ],
    [() => describeMaps(wrong({ details: true })).next(), /describeMaps has no option 'details'/],
    [() => describeLinks({ pins: wrong("yes") }).next(), /describeLinks: the option 'pins' must be true or false/],
    [() => objectHolders(wrong("toString")), /objectHolders needs a kind of objects: one of program, map, link, btf/],
    [
      () => objectHolders("map", { by: wrong("magic") }),
      /objectHolders: the option 'by' must be one of proc, iterator/,
    ],
    [() => metric(wrong("constructor")), /there is no metric constructor; use one of cycles, /],
    [() => profileProgram(program, { metrics: wrong(["cycles", "toString"]) }), /there is no metric toString/],
    [() => profileProgram(program, wrong({})), /profileProgram needs the option 'metrics'/],
  ];
  for (const [call, message] of tries) {
    assert.throws(
      call,
      (error) => (error as { code: string }).code === "USAGE" && message.test(String(error)),
      String(message),
    );
  }
});
