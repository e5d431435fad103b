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
/** Which arrays to fetch with a program's info, such as `xlatedProgInsns`. */
export type ProgramInfoRequest = CamelCase<ProgInfoRequest>;

/** What this process knows about how a program was loaded. The kernel does not report most of it. */
export interface ProgramOrigin {
  /** The name in the object file, which may be longer than the kernel's 15 characters. */
  readonly name?: string | undefined;
  /** BPF_PROG_TYPE_*. Read from the kernel unless both it and the name are given. */
  readonly type?: BpfProgType | undefined;
  /** The expected attach type; undefined if unknown, because the kernel does not report it. */
  readonly attachType?: BpfAttachType | undefined;
  /** The attach target in the section's name, such as `sched/sched_switch`; empty if it has none. */
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

/** A loaded program. It stays loaded while it is open here or in another process, pinned, or attached. */
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
      // The program was just loaded here. Only its id is unknown; do not spend a system call on it before it is needed.
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

  /** The kernel's id of the program. Throws ClosedError if it is first read after `close()`. */
  get id(): number {
    this.#id ??= progInfo(this.fd).id;
    return this.#id;
  }

  /** `xdp`, `cgroup_skb`, … For a type that is newer than this library, its number. */
  get typeName(): string {
    return progTypeName(this.type) ?? String(this.type);
  }

  /** 16 hexadecimal digits: a hash of the instructions, SHA-1 based up to Linux 6.17, SHA-256 based from 6.18 on. */
  get tag(): string {
    return formatHex(progInfo(this.fd).tag);
  }

  /** Reads the kernel's information about the program, with the arrays that `request` names: `{ mapIds: true }`. */
  info(request: ProgramInfoRequest = {}): ProgramInfo {
    checkOptions("info", request, INFO_OPTIONS);
    return camelCase(progInfo(this.fd, kernelCase<ProgInfoRequest>(request)));
  }

  /**
   * Runs the program on the caller's input, without its hook (BPF_PROG_TEST_RUN; Linux 4.12, most types later). A
   * program of type syscall changes its context in place; `ctxOut` is then the whole context. Throws SyscallError,
   * which names the option that does not fit; its errno is ENOTSUPP if programs of this type cannot be run this way.
   */
  run(options: RunOptions = {}): RunResult {
    return runProgram(this, options);
  }

  /**
   * Runs the program `repeat` times, a million by default, and returns the mean time of a run in nanoseconds. The
   * kernel measures it in whole nanoseconds and lets other tasks run in between. Without `dataIn` and `ctxIn` the input
   * is a packet of 64 bytes.
   */
  benchmark(options: RunOptions = {}): BenchmarkResult {
    const { repeat = 1_000_000, dataIn, ctxIn } = options;
    const input = dataIn ?? (ctxIn === undefined ? new Uint8Array(64) : undefined);
    const { retval, duration } = this.run({ ...options, repeat, dataIn: input });
    return { retval, duration, repeat };
  }

  /**
   * Returns how often the program ran and for how long, and how often it was skipped because it already ran on that
   * CPU. The kernel counts runs and time only while {@link enableStats} or the sysctl `kernel.bpf_stats_enabled` is on.
   */
  stats(): ProgramStats {
    const { runCnt, runTimeNs, recursionMisses } = this.info();
    return { runCnt, runTimeNs, recursionMisses };
  }

  /**
   * Returns the instructions as the verifier left them, decoded: each with its text, its source line, and the prototype
   * of the function that begins there. Calls show the names of helpers, kernel functions and subprograms; this may read
   * /proc/kallsyms. Empty if the kernel hides the instructions (kernel.kptr_restrict, missing capabilities).
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
   * Reads a stream of the program and empties it. The program writes to `stdout` and `stderr` with bpf_stream_printk();
   * the kernel writes its complaints about the program to `stderr`. Throws NotSupportedError before Linux 6.17.
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

/** Opens a program by id, pin or fd. Throws UsageError if it does not exist or is not a program. */
export function openProgram(source: ObjectSource): Program {
  return new Program(openSource(source, "program", progGetFdById), {}, "pinned" in source ? source.pinned : undefined);
}

/**
 * Iterates over all programs of the kernel in the order of their ids (needs CAP_SYS_ADMIN). Opens each program for its
 * step of the loop and closes it afterwards, unless `takeObject` took it. Skips programs that disappear meanwhile.
 */
export function programs(): Generator<Program, void, undefined> {
  return walkObjects("program", (fd) => new Program(fd, {}));
}
