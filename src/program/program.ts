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

/** The kernel's information about a program (`struct bpf_prog_info`), with the kernel's names in camelCase. */
export type ProgramInfo = CamelCase<ProgInfo>;
/** The arrays to fetch with a program's info, such as `xlatedProgInsns`. */
export type ProgramInfoRequest = CamelCase<ProgInfoRequest>;

/**
 * What this process knows about a program because it loaded the program. The kernel does not report most of these
 * properties.
 */
export interface ProgramOrigin {
  /** The program's name in the object file, which may be longer than the kernel's 15 characters. */
  readonly name?: string | undefined;
  /**
   * The program's type (BPF_PROG_TYPE_*). Unless both `type` and `name` are given, {@link Program} reads the type from
   * the kernel.
   */
  readonly type?: BpfProgType | undefined;
  /**
   * The expected attach type. Undefined if this process did not load the program, because the kernel does not report
   * it.
   */
  readonly attachType?: BpfAttachType | undefined;
  /** The attach target in the section's name, such as `sched/sched_switch`; empty if the name has no target. */
  readonly attachTo?: string | undefined;
  /** The name of the program's section in the object file, such as `cgroup_skb/egress`. */
  readonly sectionName?: string | undefined;
  /** The maps of the program's object file, by name. They belong to the BpfObject, which closes them. */
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

/**
 * A loaded program. The kernel keeps a program as long as a process has it open, or as long as it is pinned or
 * attached.
 */
export class Program extends KernelObject {
  /** The program's type (BPF_PROG_TYPE_*). */
  readonly type: BpfProgType;
  /** The name in the object file. If this name is unknown, the kernel's name, which is truncated to 15 characters. */
  readonly name: string;
  readonly origin: ProgramOrigin;
  #id: number | undefined;

  constructor(fd: OwnedFd, origin: ProgramOrigin = {}, pinnedPath?: string) {
    const { name, type } = origin;
    if (name !== undefined && type !== undefined) {
      // This process has just loaded the program, so it knows everything except the id. The system call that reads the
      // id waits until the id is used.
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

  /** The kernel's id of the program. Throws ClosedError if the first read comes after `close()`. */
  get id(): number {
    this.#id ??= progInfo(this.fd).id;
    return this.#id;
  }

  /** The type's name, such as `xdp` or `cgroup_skb`. For a type that is newer than this library, its number. */
  get typeName(): string {
    return progTypeName(this.type) ?? String(this.type);
  }

  /**
   * The program's tag, a hash of its instructions in 16 hexadecimal digits. The hash is a part of SHA-1 up to Linux
   * 6.17, and of SHA-256 since 6.18.
   */
  get tag(): string {
    return formatHex(progInfo(this.fd).tag);
  }

  /**
   * Reads the kernel's information about the program. `request` names arrays to read too, for example `{ mapIds: true
   * }`.
   */
  info(request: ProgramInfoRequest = {}): ProgramInfo {
    checkOptions("info", request, INFO_OPTIONS);
    return camelCase(progInfo(this.fd, kernelCase<ProgInfoRequest>(request)));
  }

  /**
   * Runs the program once on the caller's input, without attaching it (BPF_PROG_TEST_RUN; Linux 4.12, most types
   * later). A program of type syscall changes its context in place; `ctxOut` is then the whole context. Throws
   * SyscallError, whose message names the option that does not fit. The errno is ENOTSUPP if the kernel has no test
   * runs for programs of this type.
   */
  run(options: RunOptions = {}): RunResult {
    return runProgram(this, options);
  }

  /**
   * Runs the program `repeat` times, a million by default, and returns the mean time of a run in nanoseconds. The
   * kernel rounds this time to whole nanoseconds, and may let other tasks run between two runs. Without `dataIn` and
   * `ctxIn`, the input is a packet of 64 bytes.
   */
  benchmark(options: RunOptions = {}): BenchmarkResult {
    const { repeat = 1_000_000, dataIn, ctxIn } = options;
    const input = dataIn ?? (ctxIn === undefined ? new Uint8Array(64) : undefined);
    const { retval, duration } = this.run({ ...options, repeat, dataIn: input });
    return { retval, duration, repeat };
  }

  /**
   * Returns how often and for how long the program ran, and how often the kernel skipped it because it already ran on
   * the same CPU. The kernel counts runs and time only while {@link enableStats} or the sysctl
   * `kernel.bpf_stats_enabled` is on.
   */
  stats(): ProgramStats {
    const { runCnt, runTimeNs, recursionMisses } = this.info();
    return { runCnt, runTimeNs, recursionMisses };
  }

  /**
   * Returns the decoded instructions as the verifier has rewritten them. Each instruction has its text and its source
   * line. The first instruction of a function also has the function's prototype. Calls show the names of helpers,
   * kernel functions and subprograms; to find them, this method may read /proc/kallsyms. Returns an empty array if the
   * kernel hides the instructions (kernel.kptr_restrict, missing capabilities).
   */
  instructions(): XlatedRecord[] {
    const loaded = loadedInstructions(this.fd);
    return loaded === undefined ? [] : [...xlatedRecords(loaded.program, loaded.names)];
  }

  /**
   * Returns the machine code, function by function: first the program's own function, then its subprograms (4.18). Each
   * function has its kernel symbol, its prototype and its source lines. {@link openDisassembler} and `jitedRecords` of
   * `bpfts/asm` convert the machine code to text. Returns an empty array if the program is interpreted or the kernel
   * hides the machine code.
   */
  jited(): readonly JitedFunction[] {
    return jitedProgram(this.fd)?.functions ?? [];
  }

  /**
   * Reads the unread text of one of the program's streams and removes the text from the stream. The program writes to
   * `stdout` and `stderr` with bpf_stream_printk(). The kernel writes errors of the program to `stderr`. Throws
   * NotSupportedError before Linux 6.17.
   */
  stream(name: StreamName = "stdout"): string {
    return Buffer.concat([...readStream(this.fd, name)]).toString();
  }

  /**
   * Binds a map that the program's code does not use, for instance a map with metadata. The map then exists as long as
   * the program (5.10).
   */
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

/** Opens a program by id, pin or fd. Throws UsageError if the object does not exist or is not a program. */
export function openProgram(source: ObjectSource): Program {
  return new Program(openSource(source, "program", progGetFdById), {}, "pinned" in source ? source.pinned : undefined);
}

/**
 * Iterates over all programs of the kernel in the order of their ids. Needs CAP_SYS_ADMIN. Opens each program for one
 * step of the loop and closes it afterwards, unless `takeObject` kept it open. Skips programs that disappear during the
 * iteration.
 */
export function programs(): Generator<Program, void, undefined> {
  return walkObjects("program", (fd) => new Program(fd, {}));
}
