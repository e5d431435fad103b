import { type JitedFunction, type XlatedRecord, xlatedRecords } from "../asm/index.ts";
import { KernelObject, type ObjectSource, openSource, walkObjects } from "../kernel/index.ts";
import { formatHex } from "../layout/index.ts";
import type { BpfMap } from "../map/index.ts";
import {
  type OwnedFd,
  type ProgInfo,
  type ProgInfoRequest,
  progBindMap,
  progGetFdById,
  progInfo,
  progTestRun,
  type TestRunOptions,
  type TestRunResult,
} from "../sys/index.ts";
import { type BpfAttachType, BpfProgType, progTypeName } from "../uapi/index.ts";
import { loadedInstructions } from "./instructions.ts";
import { jitedProgram } from "./jited.ts";
import type { ProgramStats } from "./stats.ts";
import { readStream, type StreamName } from "./stream.ts";

/** What a program was loaded as, where the kernel does not say it itself. */
export interface ProgramOrigin {
  /** The name in the object file, which may be longer than the kernel's 15 characters. */
  readonly name?: string | undefined;
  /** BPF_PROG_TYPE_*; the kernel is asked for it unless it and the name are given. */
  readonly type?: BpfProgType | undefined;
  /** The expected attach type, or undefined where it is not known: the kernel's info does not tell it. */
  readonly attachType?: BpfAttachType | undefined;
  /** What the section's name says to attach to, such as `sched/sched_switch`; empty where it says nothing. */
  readonly attachTo?: string | undefined;
  /** The section in the object file, such as `cgroup_skb/egress`. */
  readonly sectionName?: string | undefined;
}

/** What {@link Program.benchmark} measured. */
export interface BenchmarkResult {
  /** What the last run returned. */
  readonly retval: number;
  /** Mean nanoseconds of a run. */
  readonly duration: number;
  readonly repeat: number;
}

/** A program in the kernel. It stays loaded while it is open here, pinned, attached, or held by somebody else. */
export class Program extends KernelObject {
  /** BPF_PROG_TYPE_*. */
  readonly type: BpfProgType;
  /** The name in the object file, else the kernel's, which is cut to 15 characters. */
  readonly name: string;
  readonly origin: ProgramOrigin;
  #id: number | undefined;

  constructor(fd: OwnedFd, origin: ProgramOrigin = {}, pinnedPath?: string) {
    const { name, type } = origin;
    if (name !== undefined && type !== undefined) {
      // Of a program that was just loaded all is known but its id, and the kernel takes long to tell it with the rest.
      super(fd, `program ${name}`, pinnedPath);
      this.type = type;
      this.name = name;
    } else {
      const info = progInfo(fd.number);
      super(fd, `program ${name ?? (info.name || info.id)}`, pinnedPath);
      this.#id = info.id;
      this.type = info.type;
      this.name = name ?? info.name;
    }
    this.origin = origin;
  }

  /** The kernel's number of the program. Throws ClosedError where it is first asked for after `close()`. */
  get id(): number {
    this.#id ??= progInfo(this.fd).id;
    return this.#id;
  }

  /** `xdp`, `cgroup_skb`, …; the number for a type newer than this library. */
  get typeName(): string {
    return progTypeName(this.type) ?? String(this.type);
  }

  /** 16 hexadecimal digits: a hash of the instructions, SHA-1 based up to Linux 6.17, SHA-256 based from 6.18 on. */
  get tag(): string {
    return formatHex(progInfo(this.fd).tag);
  }

  /** What the kernel says about the program (4.13 and newer), with the arrays that `request` names. */
  info(request: ProgInfoRequest = {}): ProgInfo {
    return progInfo(this.fd, request);
  }

  /**
   * Runs the program on input of the caller's, without its hook (BPF_PROG_TEST_RUN; Linux 4.12, most types later).
   * Throws SyscallError with ENOTSUPP for a type that cannot be run so. A program of type syscall changes its context in
   * place: `ctx_out` is then all of it.
   */
  run(options: TestRunOptions = {}): TestRunResult {
    const { ctx_in, ctx_size_out } = options;
    if (this.type === BpfProgType.BPF_PROG_TYPE_SYSCALL && ctx_in !== undefined && ctx_size_out !== undefined) {
      const ctx = ctx_in.slice();
      // The kernel takes nothing else for this type (bpf_prog_test_run_syscall), not even a repeat of 1.
      const repeat = options.repeat === 1 ? undefined : options.repeat;
      const result = this.run({ ...options, ctx_in: undefined, ctx_size_out: undefined, ctx_in_place: ctx, repeat });
      return { ...result, ctx_out: ctx, ctx_size_out: ctx.length };
    }
    return progTestRun(this.fd, options);
  }

  /**
   * Runs the program `repeat` times, a million unless said, and tells the mean time of a run in nanoseconds. The kernel
   * measures it, in whole nanoseconds, and gives way to other tasks in between. As {@link run} otherwise: a packet of
   * 64 bytes is its input unless `data_in` or `ctx_in` says otherwise.
   */
  benchmark(options: TestRunOptions = {}): BenchmarkResult {
    const { repeat = 1_000_000, data_in, ctx_in } = options;
    const input = data_in ?? (ctx_in === undefined ? new Uint8Array(64) : undefined);
    const { retval, duration } = this.run({ ...options, repeat, data_in: input });
    return { retval, duration, repeat };
  }

  /**
   * How often the program ran, how long altogether, and how often it was skipped because it ran already on that CPU.
   * The kernel counts runs and time only while {@link enableStats} or the sysctl `kernel.bpf_stats_enabled` says so.
   */
  stats(): ProgramStats {
    const { run_cnt = 0n, run_time_ns = 0n, recursion_misses } = progInfo(this.fd);
    return { run_cnt, run_time_ns, recursion_misses };
  }

  /**
   * The instructions as the verifier left them, decoded, each with its text and what stands above it: the prototype of a
   * function that begins there, its source line. Calls bear the names of helpers, kernel functions and subprograms, for
   * which /proc/kallsyms is read where that is needed. Empty where the kernel hides them (kernel.kptr_restrict, missing
   * rights).
   */
  instructions(): XlatedRecord[] {
    const loaded = loadedInstructions(this.fd);
    return loaded === undefined ? [] : [...xlatedRecords(loaded.program, loaded.names)];
  }

  /**
   * The machine code, function by function: the program's own first, then its subprograms. Each has its kernel symbol,
   * its prototype and its source lines; {@link openDisassembler} and `jitedRecords` of `bpfts/asm` make text of it. Empty
   * where the program is interpreted or the kernel hides the code (4.18).
   */
  jited(): readonly JitedFunction[] {
    return jitedProgram(this.fd)?.functions ?? [];
  }

  /**
   * Takes what the program wrote to a stream with bpf_stream_printk(), or the kernel about it (`stderr`), since it was
   * last taken. Throws NotSupportedError before Linux 6.17.
   */
  stream(name: StreamName = "stdout"): string {
    return Buffer.concat([...readStream(this.fd, name)]).toString();
  }

  /** Makes the program keep a map that its code does not use, for instance one with metadata (5.10). */
  bindMap(map: BpfMap): void {
    progBindMap(this.fd, map.fd);
  }
}

/** Opens a program by id, pin or fd. Throws UsageError if there is none, or if it is something else. */
export function openProgram(source: ObjectSource): Program {
  return new Program(openSource(source, "program", progGetFdById), {}, "pinned" in source ? source.pinned : undefined);
}

/**
 * All programs of the kernel in the order of their ids, tolerant of programs that vanish meanwhile.
 * Each is closed after its step unless `takeObject` kept it. Needs CAP_SYS_ADMIN.
 */
export function programs(): Generator<Program, void, undefined> {
  return walkObjects("program", (fd) => new Program(fd, {}));
}
