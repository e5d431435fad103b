import { type CamelCase, camelCase, kernelCase } from "../layout/index.ts";
import { progTestRun, type TestRunOptions, type TestRunResult } from "../sys/index.ts";
import { BpfProgType } from "../uapi/index.ts";

/** The input of a test run, and what is wanted of its output. Which of it a program needs depends on its type. */
export type RunOptions = CamelCase<Omit<TestRunOptions, "ctx_in_place">>;
/** The output of a test run. */
export type RunResult = CamelCase<TestRunResult>;

/** What `Program.benchmark()` measured. */
export interface BenchmarkResult {
  /** What the last run returned. */
  readonly retval: number;
  /** Mean nanoseconds of a run. */
  readonly duration: number;
  readonly repeat: number;
}

/** Runs a program without its hook. */
export function runProgram(
  program: { readonly fd: number; readonly type: BpfProgType },
  options: RunOptions,
): RunResult {
  const { ctxIn, ctxSizeOut, repeat } = options;
  if (program.type !== BpfProgType.BPF_PROG_TYPE_SYSCALL || ctxIn === undefined || ctxSizeOut === undefined) {
    return camelCase(progTestRun(program.fd, kernelCase<TestRunOptions>(options)));
  }
  const { ctxIn: _, ctxSizeOut: __, ...others } = options;
  const ctx = ctxIn.slice();
  // The kernel takes no repeat for this type, not even 1 (bpf_prog_test_run_syscall).
  const result = progTestRun(program.fd, {
    ...kernelCase<TestRunOptions>(others),
    ctx_in_place: ctx,
    repeat: repeat === 1 ? undefined : repeat,
  });
  return { ...camelCase(result), ctxOut: ctx, ctxSizeOut: ctx.length };
}
