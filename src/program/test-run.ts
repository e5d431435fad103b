import { Errno, SyscallError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { type CamelCase, camelCase, kernelCase, withArticle } from "../layout/index.ts";
import { progTestRun, type TestRunOptions, type TestRunResult } from "../sys/index.ts";
import { BpfProgType, BpfTestRunFlag } from "../uapi/index.ts";

/** The input of a test run, and the sizes of its output. The program's type decides which of the options it needs. */
export type RunOptions = CamelCase<Omit<TestRunOptions, "ctx_in_place">>;
/** The output of a test run. */
export type RunResult = CamelCase<TestRunResult>;

/** The result of `Program.benchmark()`. */
export interface BenchmarkResult {
  /** The return value of the last run. */
  readonly retval: number;
  /** The mean time of a run in nanoseconds. */
  readonly duration: number;
  readonly repeat: number;
}

/** The properties of a program that a test run needs. */
interface Runnable {
  readonly fd: number;
  readonly type: BpfProgType;
  readonly typeName: string;
  readonly what: string;
}

const OPTIONS: OptionTable<RunOptions> = {
  dataIn: "bytes",
  dataSizeOut: "natural",
  ctxIn: "bytes",
  ctxSizeOut: "natural",
  repeat: "natural",
  flags: "natural",
  cpu: "natural",
  batchSize: "natural",
};

/**
 * Runs a program without attaching it. If the kernel rejects the call, the error names the option that does not fit the
 * program's type.
 */
export function runProgram(program: Runnable, options: RunOptions): RunResult {
  checkOptions("run", options, OPTIONS);
  try {
    return program.type === BpfProgType.BPF_PROG_TYPE_SYSCALL
      ? runSyscallProgram(program, options)
      : camelCase(progTestRun(program.fd, kernelCase<TestRunOptions>(options)));
  } catch (error) {
    throw error instanceof SyscallError ? explain(error, program, options) : error;
  }
}

/**
 * Runs a program of type syscall. Such a program changes its context in place, so `ctxOut` is a copy of the context.
 */
function runSyscallProgram(program: Runnable, options: RunOptions): RunResult {
  const { ctxIn, ctxSizeOut, repeat, ...others } = options;
  if (ctxIn === undefined || ctxSizeOut === undefined) {
    return camelCase(progTestRun(program.fd, kernelCase<TestRunOptions>(options)));
  }
  const ctx = ctxIn.slice();
  // Leave out the option `repeat`: the kernel rejects it for this program type, even if it is 1
  // (bpf_prog_test_run_syscall).
  const result = progTestRun(program.fd, {
    ...kernelCase<TestRunOptions>(others),
    ctx_in_place: ctx,
    repeat: repeat === 1 ? undefined : repeat,
  });
  return { ...camelCase(result), ctxOut: ctx, ctxSizeOut: ctx.length };
}

/** The options that a program type accepts in test runs (net/bpf/test_run.c). */
interface RunInput {
  readonly takes: readonly (keyof RunOptions)[];
  /** The smallest length of the packet in bytes. */
  readonly packet?: number;
  /** A text that describes the required `ctxIn`; undefined if `ctxIn` is optional. */
  readonly context?: string;
}

const PACKET = ["dataIn", "dataSizeOut", "ctxIn", "ctxSizeOut", "repeat"] as const;
const FRAME: RunInput = { takes: [...PACKET, "flags"], packet: 14 };
const t = BpfProgType;
const INPUTS: ReadonlyMap<number, RunInput> = new Map<number, RunInput>([
  [t.BPF_PROG_TYPE_SOCKET_FILTER, FRAME],
  [t.BPF_PROG_TYPE_SCHED_CLS, FRAME],
  [t.BPF_PROG_TYPE_SCHED_ACT, FRAME],
  [t.BPF_PROG_TYPE_CGROUP_SKB, FRAME],
  [t.BPF_PROG_TYPE_LWT_IN, FRAME],
  [t.BPF_PROG_TYPE_LWT_OUT, FRAME],
  [t.BPF_PROG_TYPE_LWT_XMIT, FRAME],
  [t.BPF_PROG_TYPE_LWT_SEG6LOCAL, FRAME],
  [t.BPF_PROG_TYPE_SK_SKB, FRAME],
  [t.BPF_PROG_TYPE_XDP, { takes: [...PACKET, "flags", "batchSize"], packet: 14 }],
  [t.BPF_PROG_TYPE_FLOW_DISSECTOR, { takes: PACKET, packet: 14 }],
  [t.BPF_PROG_TYPE_NETFILTER, { takes: PACKET, packet: 20 }],
  [t.BPF_PROG_TYPE_SK_LOOKUP, { takes: ["ctxIn", "ctxSizeOut", "repeat"], context: "a struct bpf_sk_lookup" }],
  [
    t.BPF_PROG_TYPE_RAW_TRACEPOINT,
    { takes: ["ctxIn", "flags", "cpu"], context: "as many arguments as the program reads, 8 bytes each" },
  ],
  [
    t.BPF_PROG_TYPE_SYSCALL,
    { takes: ["ctxIn", "ctxSizeOut"], context: "at least as long as what the program reads, at most 65,535 bytes" },
  ],
  [t.BPF_PROG_TYPE_TRACING, { takes: ["dataIn", "dataSizeOut", "ctxIn", "ctxSizeOut", "repeat"] }],
]);

function explain(error: SyscallError, program: Runnable, options: RunOptions): SyscallError {
  const { call, errno } = error;
  const reason = reasonOf(errno, program, options);
  const subject = `${program.what} (${program.typeName}) cannot be run`;
  return new SyscallError(
    { call, errno, subject, reason, hint: reason === undefined ? error.hint : undefined },
    { cause: error },
  );
}

function reasonOf(errno: number, { type, typeName }: Runnable, options: RunOptions): string | undefined {
  const input = INPUTS.get(type);
  switch (errno) {
    case Errno.ENOTSUPP:
      return `the kernel cannot test-run ${typeName} programs; it runs them only at their hook`;
    case Errno.E2BIG:
      return "ctxIn is longer than this kernel's struct, and its bytes past the end of the struct are not 0";
    case Errno.ENXIO:
      return `CPU ${options.cpu ?? 0} is not online`;
    case Errno.EINVAL:
      return input && (misfit(input, typeName, options) ?? whatItTakes(input, typeName));
    default:
      return undefined;
  }
}

/** Returns a text about the first option that does not fit the program's type; undefined if all options fit. */
function misfit({ takes, packet, context }: RunInput, typeName: string, options: RunOptions): string | undefined {
  const { dataIn, ctxIn, flags = 0, cpu = 0 } = options;
  for (const [name, value] of Object.entries(options)) {
    const isGiven = value instanceof Uint8Array ? value.length > 0 : value !== undefined && value !== 0;
    if (isGiven && !takes.includes(name as keyof RunOptions))
      return `a test run of ${withArticle(typeName)} program does not take the option '${name}'`;
  }
  if (packet !== undefined && (dataIn?.length ?? 0) < packet) {
    return `dataIn must be a packet of at least ${packet} bytes; it has ${dataIn?.length ?? 0}`;
  }
  if (cpu !== 0 && (flags & BpfTestRunFlag.BPF_F_TEST_RUN_ON_CPU) === 0) {
    return "the option 'cpu' needs the flag BPF_F_TEST_RUN_ON_CPU";
  }
  if (context !== undefined && ctxIn === undefined) return `ctxIn must be given: ${context}`;
  return undefined;
}

function whatItTakes({ takes, context }: RunInput, typeName: string): string {
  const ctxIn = context ?? "a struct in which only the fields that a test run can set differ from 0";
  return `an option has a wrong value; a test run of ${withArticle(typeName)} program takes ${takes.join(", ")}, and ctxIn must be ${ctxIn}`;
}
