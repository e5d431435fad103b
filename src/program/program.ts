import { type JitedFunction, type XlatedRecord, xlatedRecords } from "../asm/index.ts";
import {
  checkOptions,
  INSPECT,
  type Inspect,
  inspectObject,
  KernelObject,
  type ObjectSource,
  type OptionTable,
  openSource,
  walkObjects,
} from "../kernel/index.ts";
import { type CamelCase, camelCase, formatHex, kernelCase } from "../layout/index.ts";
import type { BpfMap } from "../map/index.ts";
import {
  type OwnedFd,
  type ProgInfo,
  type ProgInfoRequest,
  progBindMap,
  progGetFdById,
  progInfo,
} from "../sys/index.ts";
import { type BpfAttachType, type BpfProgType, progTypeName } from "../uapi/index.ts";
import { loadedInstructions } from "./instructions.ts";
import { jitedProgram } from "./jited.ts";
import type { ProgramStats } from "./stats.ts";
import { readStream, type StreamName } from "./stream.ts";
import { type BenchmarkResult, type RunOptions, type RunResult, runProgram } from "./test-run.ts";

/** What the kernel says about a program (`struct bpf_prog_info`), with the kernel's names in camelCase. */
export type ProgramInfo = CamelCase<ProgInfo>;
/** Which arrays to fetch with a program's info, such as `xlatedProgInsns`. */
export type ProgramInfoRequest = CamelCase<ProgInfoRequest>;

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
  /** The maps of the object that it was loaded with, by name. They belong to the object. */
  readonly maps?: Readonly<Record<string, BpfMap>> | undefined;
}

const INFO_OPTIONS: OptionTable<ProgramInfoRequest> = {
  mapIds: "boolean",
  xlatedProgInsns: "boolean",
  jitedProgInsns: "boolean",
  jitedKsyms: "boolean",
  jitedFuncLens: "boolean",
  funcInfo: "boolean",
  lineInfo: "boolean",
  jitedLineInfo: "boolean",
  progTags: "boolean",
};

/** A program in the kernel. It stays loaded while it is open here, pinned, attached, or held by somebody else. */
export class Program extends KernelObject {
  /** BPF_PROG_TYPE_*. */
  readonly type: BpfProgType;
  /** The name in the object file, or else the kernel's, which is cut to 15 characters. */
  readonly name: string;
  readonly origin: ProgramOrigin;
  #id: number | undefined;

  constructor(fd: OwnedFd, origin: ProgramOrigin = {}, pinnedPath?: string) {
    const { name, type } = origin;
    if (name !== undefined && type !== undefined) {
      // Everything about a program that was just loaded is known, except its id. Its info would cost a system call.
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

  /** The kernel's number of the program. Throws ClosedError if it is first read after `close()`. */
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

  /** Returns what the kernel says about the program, with the arrays that `request` names: `{ mapIds: true }`. */
  info(request: ProgramInfoRequest = {}): ProgramInfo {
    checkOptions("info", request, INFO_OPTIONS);
    return camelCase(progInfo(this.fd, kernelCase<ProgInfoRequest>(request)));
  }

  /**
   * Runs the program on input of the caller's, without its hook (BPF_PROG_TEST_RUN; Linux 4.12, most types later).
   * Throws SyscallError that says which option does not
   * fit, with ENOTSUPP for a type that cannot be run this way. A program of type syscall changes its
   * context in place: `ctxOut` is then all of it.
   */
  run(options: RunOptions = {}): RunResult {
    return runProgram(this, options);
  }

  /**
   * Runs the program `repeat` times, a million by default, and returns the mean time of a run in nanoseconds. The kernel
   * measures it in whole nanoseconds and lets other tasks run in between. Without `dataIn` and `ctxIn` the input is a
   * packet of 64 bytes.
   */
  benchmark(options: RunOptions = {}): BenchmarkResult {
    const { repeat = 1_000_000, dataIn, ctxIn } = options;
    const input = dataIn ?? (ctxIn === undefined ? new Uint8Array(64) : undefined);
    const { retval, duration } = this.run({ ...options, repeat, dataIn: input });
    return { retval, duration, repeat };
  }

  /**
   * Returns how often the program ran and for how long, and how often it was skipped because it already ran on that CPU.
   * The kernel counts runs and time only while {@link enableStats} or the sysctl `kernel.bpf_stats_enabled` says so.
   */
  stats(): ProgramStats {
    const { runCnt, runTimeNs, recursionMisses } = this.info();
    return { runCnt, runTimeNs, recursionMisses };
  }

  /**
   * Returns the instructions as the verifier left them, decoded: each with its text, its source line, and the prototype
   * of the function that begins there. Calls have the names of helpers, kernel functions and subprograms; /proc/kallsyms
   * is read if they need it. Empty if the kernel hides the instructions (kernel.kptr_restrict, missing rights).
   */
  instructions(): XlatedRecord[] {
    const loaded = loadedInstructions(this.fd);
    return loaded === undefined ? [] : [...xlatedRecords(loaded.program, loaded.names)];
  }

  /**
   * Returns the machine code, function by function: the program's own first, then its subprograms. Each has its kernel
   * symbol, its prototype and its source lines. {@link openDisassembler} and `jitedRecords` of `bpfts/asm` turn it into
   * text. Empty if the program is interpreted or the kernel hides the code (4.18).
   */
  jited(): readonly JitedFunction[] {
    return jitedProgram(this.fd)?.functions ?? [];
  }

  /**
   * Reads and removes what the program wrote to a stream with bpf_stream_printk(), or what the kernel wrote about it
   * (`stderr`). Throws NotSupportedError before Linux 6.17.
   */
  stream(name: StreamName = "stdout"): string {
    return Buffer.concat([...readStream(this.fd, name)]).toString();
  }

  /** Makes the program keep a map that its code does not use, for instance one with metadata (5.10). */
  bindMap(map: BpfMap): void {
    progBindMap(this.fd, map.fd);
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    const { type, sectionName } = { type: this.typeName, sectionName: this.origin.sectionName };
    const state = this.closed ? { closed: true } : { id: this.id, pinnedPath: this.pinnedPath };
    const shown = Object.entries({ name: this.name, type, sectionName, ...state }).filter(
      ([, value]) => value !== undefined,
    );
    return inspectObject("Program", Object.fromEntries(shown), options, inspect);
  }
}

/** Opens a program by id, pin or fd. Throws UsageError if there is none, or if it is something else. */
export function openProgram(source: ObjectSource): Program {
  return new Program(openSource(source, "program", progGetFdById), {}, "pinned" in source ? source.pinned : undefined);
}

/**
 * Opens all programs of the kernel one after another, in the order of their ids. Programs that go away meanwhile are left
 * out. Each is closed after its step unless `takeObject` kept it. Needs CAP_SYS_ADMIN.
 */
export function programs(): Generator<Program, void, undefined> {
  return walkObjects("program", (fd) => new Program(fd, {}));
}
