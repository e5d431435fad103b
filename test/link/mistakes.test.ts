import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "../../src/errors/index.ts";
import * as links from "../../src/link/index.ts";
import { missingFunction } from "../../src/link/kinds/kprobe.ts";
import type { Program } from "../../src/program/index.ts";
import { kernelFunctionNames } from "../../src/sys/index.ts";
import { lacking, needs } from "../support/feature.ts";
import { ownFds } from "./conformance.ts";
import { traced } from "./tracing-object.ts";

type Mistake = readonly [what: string, call: () => unknown, message: RegExp];

test("the usual mistakes of tracing links have names, and leave nothing behind", (t) => {
  const of = (name: string): Program => traced(t, name).program;
  const tracepoint = of("on_tracepoint");
  const raw = of("on_raw_tp");
  const btfTracepoint = of("on_tp_btf");
  const uprobe = of("on_uprobe_anywhere");
  // The others are tried on a kernel without.
  const multi = lacking("link:uprobe_multi") === false ? of("on_uprobe_multi") : undefined;
  const perf = of("on_perf_event");
  const xdp = of("no_link");
  const iterator = of("tasks");
  const libc = "libc.so.6";
  const mistakes: readonly Mistake[] = [
    [
      "type",
      () => links.attachTracepoint(raw),
      /on_raw_tp \(raw_tracepoint\) cannot be attached to tracepoint .*: this hook takes tracepoint programs/,
    ],
    [
      "type",
      () => links.attachKprobe(tracepoint),
      /\(tracepoint\) cannot be attached to kprobe of no function: this hook takes kprobe programs/,
    ],
    ["type", () => links.attachUprobe(xdp), /\(xdp\) cannot be attached to a uprobe: this hook takes kprobe programs/],
    ["type", () => links.attachTracing(xdp), /\(xdp\) cannot be attached to .*: this hook takes tracing programs/],
    ["type", () => links.attachLsm(xdp), /this hook takes lsm programs/],
    ["type", () => links.attachFreplace(xdp), /this hook takes ext programs/],
    ["type", () => links.attachIterator(xdp), /this hook takes tracing programs/],
    [
      "type",
      () => links.attachPerfEvent(tracepoint, { event: { software: "cpu_clock" } }),
      /the perf event cpu_clock: this hook takes perf_event programs/,
    ],
    [
      "type",
      () => links.attachRawTracepoint(tracepoint),
      /this hook takes raw_tracepoint or raw_tracepoint_writable programs/,
    ],
    ["an iterator", () => links.attachTracing(iterator), /is an iterator; attach it with attachIterator\(\)/],
    // The kernel would attach it to the function for which it was loaded, without a word.
    [
      "another function",
      () => links.attachTracing(btfTracepoint, { function: "do_exit" } as links.TracingOptions),
      /attachTracing has no option 'function'; it has cookie, attachType/,
    ],
    [
      "another program's function",
      () => links.attachTracing(btfTracepoint, { target: xdp } as links.TracingOptions),
      /attachTracing has no option 'target'/,
    ],
    [
      "a name",
      () => links.attachTracing(btfTracepoint, "do_exit" as never),
      /the options of attachTracing must be an object/,
    ],
    [
      "another attach type",
      () => links.attachTracing(btfTracepoint, { attachType: "trace_fentry" }),
      /it was loaded for trace_raw_tp, but this hook takes programs loaded for trace_fentry/,
    ],
    [
      "no tracepoint",
      () => links.attachTracepoint(tracepoint, { tracepoint: "sched/sched_swich" }),
      /no tracepoint sched\/sched_swich; it has sched\/sched_switch/,
    ],
    [
      "no tracepoint",
      () => links.attachTracepoint(tracepoint, { tracepoint: "sched" }),
      /give its tracepoint as category\/name, .* not "sched"/,
    ],
    [
      "no tracepoint",
      () => links.attachTracepoint(tracepoint, { tracepoint: "../sched" }),
      /is not the name of a tracepoint/,
    ],
    [
      "no raw tracepoint",
      () => links.attachRawTracepoint(raw, { tracepoint: "sched_swich" }),
      /no tracepoint sched_swich; it has sched\/sched_switch/,
    ],
    ["no target", () => links.attachUprobe(uprobe), /give its binary and symbol, .*; its section does not name them/],
    [
      "no symbol",
      () => links.attachUprobe(uprobe, { binary: libc }),
      /give the function in libc\.so\.6 by the option 'symbol', or an instruction by the option 'offset'/,
    ],
    [
      "no function",
      () => links.attachUprobe(uprobe, { binary: libc, symbol: "getpriorty" }),
      /libc\.so\.6 has no function getpriorty; it has getpriority/,
    ],
    [
      "no version",
      () => links.attachUprobe(uprobe, { binary: libc, symbol: "getpriority@GLIBC_9" }),
      /no function getpriority@GLIBC_9/,
    ],
    [
      "indirect",
      () => links.attachUprobe(uprobe, { binary: libc, symbol: "strlen" }),
      /strlen is an indirect function/,
    ],
    [
      "imported",
      () => links.attachUprobe(uprobe, { binary: process.execPath, symbol: "getpriority" }),
      /only imports the function getpriority/,
    ],
    [
      "no library",
      () => links.attachUprobe(uprobe, { binary: "libnope.so.1", symbol: "x" }),
      /there is no library libnope\.so\.1 in /,
    ],
    [
      "no program",
      () => links.attachUprobe(uprobe, { binary: "nope-nope", symbol: "x" }),
      /there is no program nope-nope in /,
    ],
    ["no file", () => links.attachUprobe(uprobe, { binary: "/nope", symbol: "x" }), /there is no file \/nope/],
    [
      "no ELF",
      () => links.attachUprobe(uprobe, { binary: "/etc/passwd", symbol: "x" }),
      /\/etc\/passwd: this is not an ELF file/,
    ],
    [
      "return offset",
      () => links.attachUretprobe(uprobe, { binary: libc, symbol: "getpriority", offset: 4 }),
      /cannot have an offset in a function/,
    ],
    [
      "bad offset",
      () => links.attachUprobe(uprobe, { binary: libc, offset: -1 }),
      /attachUprobe: the option 'offset' must be a whole number of 0 or more, not -1/,
    ],
    ["outside", () => links.attachUprobe(uprobe, { binary: libc, offset: 2 ** 40 }), /cannot be attached to uprobe/],
    [
      "no process",
      () => links.attachUprobe(uprobe, { binary: libc, symbol: "getpriority", pid: 99_999_999 }),
      /there is no process 99999999/,
    ],
    [
      "no event",
      () => links.attachPerfEvent(perf, { event: { software: "nope" as "cpu_clock" } }),
      /there is no perf event nope; use one of cpu_clock, task_clock/,
    ],
    [
      "no CPU",
      () => links.attachPerfEvent(perf, { event: { software: "cpu_clock" }, cpu: 4000 }),
      /no CPU 4000|cannot be attached/,
    ],
    [
      "no thread",
      () => links.attachPerfEvent(perf, { event: { software: "cpu_clock" }, pid: 99_999_999 }),
      /there is no thread 99999999/,
    ],
    ["no PMU", () => links.attachPerfEvent(perf, { event: { type: 0xfff0, config: 1 } }), /the perf event 65520:1/],
    [
      "both",
      () => links.attachPerfEvent(perf, { event: { software: "cpu_clock" }, period: 1, frequency: 1 }),
      /give the option 'period' or the option 'frequency', not both/,
    ],
    [
      "not for multi",
      () => links.attachUprobeMulti(uprobe, { binary: libc, symbols: ["getpriority"] }),
      /it was loaded for no attach type, but this hook takes programs loaded for trace_uprobe_multi|Linux 6\.6 or newer/,
    ],
    [
      "no iterator",
      () => links.openIterator(links.attachRawTracepoint(raw)),
      /is of kind raw_tracepoint, not an iterator/,
    ],
  ];
  const multiMistakes = (program: Program): readonly Mistake[] => [
    [
      "no pattern",
      () => links.attachUprobeMulti(program, { binary: libc, pattern: "nope*" }),
      /no function that matches nope\*/,
    ],
    [
      "several",
      () => links.attachUprobeMulti(program, { binary: libc, symbols: ["a"], pattern: "b" }),
      /give only one of the options symbols, offsets and pattern/,
    ],
    [
      "cookies",
      () => links.attachUprobeMulti(program, { binary: libc, pattern: "getpriorit?", cookies: [1] }),
      /cannot be used with a pattern; give whole names/,
    ],
    [
      "lengths",
      () => links.attachUprobeMulti(program, { binary: libc, symbols: ["getpriority"], cookies: [1, 2] }),
      /cookies must have one element for each target, that is 1, but it has 2/,
    ],
    ["none", () => links.attachUprobeMulti(program, { binary: libc, offsets: [] }), /the list of offsets is empty/],
    [
      "session",
      () => links.attachUprobeMulti(program, { session: true, returns: true }),
      /a session always runs at entry and at return/,
    ],
    [
      "single",
      () => links.attachUprobe(program, { binary: libc, symbol: "getpriority" }),
      /it was loaded for trace_uprobe_multi, but this hook takes programs loaded for no attach type/,
    ],
  ];
  for (const [what, call, message] of [...mistakes, ...(multi === undefined ? [] : multiMistakes(multi))]) {
    const before = ownFds();
    let error: unknown;
    try {
      (call() as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
    } catch (caught) {
      error = caught;
    }
    assert.ok(error instanceof BpfError, `${what}: ${error}`);
    assert.match(error.message, message, what);
    if (what !== "no iterator") assert.deepEqual(ownFds(), before, what);
  }
});

test("the usual mistakes of kprobes have names", (t) => {
  if (!needs(t, "attach:kprobe")) return;
  const { program } = traced(t, "on_kprobe");
  const { program: plain } = traced(t, "on_uprobe_anywhere");
  const mistakes: readonly Mistake[] = [
    [
      "no function",
      () => links.attachKprobe(program, { symbol: "bpf_fentry_tset1" }),
      /this kernel has no function bpf_fentry_tset1; it has bpf_fentry_test/,
    ],
    [
      "no target",
      () => links.attachKprobe(plain),
      /give the function to probe, for example \{ symbol: "do_unlinkat" \}/,
    ],
    [
      "both",
      () => links.attachKprobe(program, { symbol: "x", address: 1n }),
      /by its symbol or by an address, not by both/,
    ],
    [
      "return offset",
      () => links.attachKretprobe(plain, { symbol: "x", offset: 1 } as links.KretprobePlace),
      /attachKretprobe has no option 'offset'; it has symbol, address/,
    ],
    [
      "no system call",
      () => links.attachKsyscall(program, { syscall: "getpriorty" }),
      /no function __x64_sys_getpriorty; it has __x64_sys_getpriority/,
    ],
    ["nothing there", () => links.attachKprobe(program, { address: 4096n }), /cannot be attached to kprobe 0x1000/],
    [
      "forbidden",
      () => links.attachKprobe(program, { symbol: "int3_emulate_call", offset: 0 }),
      /no function|does not allow a probe on this function/,
    ],
  ];
  for (const [what, call, message] of mistakes)
    assert.throws(call, (error) => error instanceof BpfError && message.test(error.message), what);
  if (lacking("link:kprobe_multi") !== false) return;
  const { program: multi } = traced(t, "on_kprobe_multi");
  const many: readonly Mistake[] = [
    [
      "no function",
      () => links.attachKprobeMulti(multi, { symbols: ["bpf_fentry_test1", "bpf_fentry_tset1"] }),
      /no function bpf_fentry_tset1; it has/,
    ],
    [
      "no pattern",
      () => links.attachKprobeMulti(multi, { pattern: "nope_nope*" }),
      /no function that matches nope_nope\*/,
    ],
    [
      "not for multi",
      () => links.attachKprobeMulti(program, { symbols: ["bpf_fentry_test1"] }),
      /it was loaded for no attach type, but this hook takes programs loaded for trace_kprobe_multi/,
    ],
    [
      "session",
      () => links.attachKprobeMulti(multi, { session: true, symbols: ["bpf_fentry_test1"] }),
      /it was loaded for trace_kprobe_multi, but this hook takes programs loaded for trace_kprobe_session/,
    ],
    [
      "single",
      () => links.attachKprobe(multi, { symbol: "bpf_fentry_test1" }),
      /it was loaded for trace_kprobe_multi, but this hook takes programs loaded for no attach type/,
    ],
  ];
  for (const [what, call, message] of many)
    assert.throws(call, (error) => error instanceof BpfError && message.test(error.message), what);
});

test("options that are missing, do not exist or do not fit are refused, by every function that attaches or lists", (t) => {
  const { program } = traced(t, "no_link");
  const perf = traced(t, "on_perf_event").program;
  const wrong = <T>(value: unknown): T => value as T;
  const mistakes: readonly Mistake[] = [
    ["device", () => links.attachXdp(program, wrong({})), /attachXdp needs the option 'device'/],
    [
      "mode",
      () => links.attachXdp(program, { device: "lo", mode: wrong("native") }),
      /option 'mode' must be one of driver, generic, offload/,
    ],
    ["device", () => links.attachTcx(program, wrong({})), /attachTcx needs the option 'device'/],
    ["device", () => links.attachTc(program, wrong({})), /attachTc needs the option 'device'/],
    [
      "family",
      () => links.attachNetfilter(program, wrong({ hook: "input" })),
      /attachNetfilter needs the option 'family'/,
    ],
    [
      "hook",
      () => links.attachNetfilter(program, { family: "ipv4", hook: wrong("toString") }),
      /option 'hook' must be one of/,
    ],
    ["cgroup", () => links.attachCgroup(program, wrong({})), /attachCgroup needs the option 'cgroup'/],
    ["map", () => links.attachSockmap(program, wrong({})), /attachSockmap needs the option 'map'/],
    [
      "target",
      () => links.attachFreplace(program, wrong({ function: "x" })),
      /attachFreplace needs the option 'target'/,
    ],
    ["event", () => links.attachPerfEvent(perf, wrong({})), /attachPerfEvent needs the option 'event'/],
    [
      "event",
      () => links.attachPerfEvent(perf, { event: wrong({}) }),
      /the event must have either fd, software, hardware, or type and config/,
    ],
    [
      "event",
      () => links.attachPerfEvent(perf, { event: wrong({ sofware: "x" }) }),
      /attachPerfEvent has no option 'sofware'/,
    ],
    [
      "event",
      () => links.attachPerfEvent(perf, { event: { software: wrong("toString") } }),
      /there is no perf event toString; use one of cpu_clock/,
    ],
    ["raw", () => links.attachRaw(wrong({ target: 0, program })), /attachRaw needs the option 'attachType'/],
    [
      "no options",
      () => links.attachProgram(program, wrong(undefined)),
      /attachProgram must be an object, not undefined/,
    ],
    ["no options", () => links.detachProgram(program, wrong(null)), /detachProgram must be an object, not null/],
    ["walk", () => links.walkCgroups("/", wrong({ effectiv: true })), /walkCgroups has no option 'effectiv'/],
    [
      "query",
      () => links.queryCgroup("/", "cgroup_inet_egress", wrong({ all: true })),
      /queryCgroup has no option 'all'/,
    ],
    ["list", () => links.cgroupPrograms("/", wrong({ all: true })), /cgroupPrograms has no option 'all'/],
    ["list", () => links.queryPrograms(wrong({ devic: "lo" }), "tcx_ingress"), /queryPrograms has no option 'devic'/],
    [
      "list",
      () => links.queryPrograms({ device: "lo" }, "tcx_ingress", wrong({ all: true })),
      /queryPrograms has no option 'all'/,
    ],
    ["list", () => links.queryPrograms({ device: "lo" }, wrong("toString")), /"toString" is not an attach type/],
    [
      "swapped",
      () => links.attachUsdt(wrong({ binary: "libc.so.6" }), wrong(program)),
      /attachUsdt needs a Program as its first argument/,
    ],
  ];
  for (const [what, call, message] of mistakes)
    assert.throws(call, (error) => error instanceof BpfError && message.test(error.message), `${what}: ${message}`);
  using link = links.attachUprobe(traced(t, "on_uprobe").program);
  assert.throws(() => link.update(wrong("x")), /update needs a Program as its first argument/);
  assert.throws(
    () => link.update(program, wrong({ previous: program })),
    /update has no option 'previous'; it has old, flags/,
  );
});

test("a kernel function that is looked for in the wrong module: the error says where it is", (t) => {
  if (!kernelFunctionNames().next().value) return t.skip("this kernel hides its symbols");
  const messageOf = (name: string): string | undefined => missingFunction(name)?.message;
  assert.equal(messageOf("nosuch:do_exit"), "no module nosuch is loaded; do_exit is in the kernel itself");
  assert.equal(messageOf("nosuch:do_exxit"), "no module nosuch is loaded");
  assert.equal(messageOf("vmlinux:do_exxit"), "module vmlinux has no function do_exxit");
  assert.equal(messageOf("vmlinux:do_exit"), undefined);
  assert.match(String(messageOf("do_exitt")), /^this kernel has no function do_exitt; it has .*do_exit/);
});
