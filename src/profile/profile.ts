import { Errno, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import { checkOptions, featureLack, loadedBtf, type OptionTable, required } from "../kernel/index.ts";
import type { Link } from "../link/index.ts";
import { attachTracing } from "../link/index.ts";
import { functionName, infoRecords, Program } from "../program/index.ts";
import {
  closeFd,
  mapCreate,
  mapLookupElem,
  mapUpdateElem,
  OwnedFd,
  onlineCpus,
  type ProgInfo,
  perfEventEnable,
  perfEventOpen,
  possibleCpus,
  progInfo,
  tryProgLoad,
} from "../sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../uapi/index.ts";
import { METRIC_NAMES, type MetricName, metric } from "./metrics.ts";
import { entryProbe, exitProbe, HEADER_SIZE, type ProbeMaps, READING_SIZE } from "./probes.ts";

/** The maximum number of metrics. Processors can count only a few events at a time. */
export const MAX_METRICS = 4;
const LOG_SIZE = 1 << 16;

/** Options of {@link profileProgram}. */
export interface ProfileOptions {
  /** One to four metrics. */
  readonly metrics: readonly MetricName[];
  /** The name of the subprogram to measure, as in the source. Default: the program itself. */
  readonly subprogram?: string | undefined;
}

const OPTIONS: OptionTable<ProfileOptions> = { metrics: required("texts"), subprogram: "text" };

/** The total of a metric for all runs so far. */
export interface MetricReading {
  readonly metric: MetricName;
  /** The count; nanoseconds for `task_clock`. */
  readonly value: bigint;
  /**
   * For how many nanoseconds the counter was enabled, and for how many of these it actually counted. The two numbers
   * differ if the processor has too few counters, so that the kernel lets events take turns.
   */
  readonly enabled: bigint;
  readonly running: bigint;
}

/** The result of a profile so far. */
export interface ProfileReading {
  /** How many runs were measured. */
  readonly runCnt: bigint;
  readonly metrics: readonly MetricReading[];
}

/** A running measurement: until it is closed, counters are read before and after each run of a program. */
export class Profile implements Disposable {
  readonly #stack: DisposableList;
  readonly #totals: number;
  readonly #metrics: readonly MetricName[];

  constructor(stack: DisposableList, totals: number, metrics: readonly MetricName[]) {
    this.#stack = stack;
    this.#totals = totals;
    this.#metrics = metrics;
  }

  /** Returns the totals of all CPUs so far. */
  read(): ProfileReading {
    const size = HEADER_SIZE + this.#metrics.length * READING_SIZE;
    const cpus = possibleCpus();
    const bytes = new Uint8Array(size * cpus);
    mapLookupElem(this.#totals, new Uint8Array(4), bytes);
    const view = new DataView(bytes.buffer);
    const sum = (at: number): bigint => {
      let total = 0n;
      for (let cpu = 0; cpu < cpus; cpu++) total += view.getBigUint64(cpu * size + at, LITTLE);
      return total;
    };
    const metrics = this.#metrics.map((name, i) => {
      const at = HEADER_SIZE + i * READING_SIZE;
      return { metric: name, value: sum(at), enabled: sum(at + 8), running: sum(at + 16) };
    });
    return { runCnt: sum(0), metrics };
  }

  close(): void {
    this.#stack.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A list of functions to call at the end, in reverse order. */
class DisposableList {
  readonly #list: (() => void)[] = [];
  add(close: () => void): void {
    this.#list.push(close);
  }
  close(): void {
    for (let close = this.#list.pop(); close !== undefined; close = this.#list.pop()) close();
  }
}

/**
 * Measures each run of a loaded program. It attaches a fentry and a fexit program, which read counters (5.7; the
 * measured program must have BTF; needs CAP_BPF and CAP_PERFMON). Most virtual machines lack the processor's counters;
 * `task_clock`, `page_faults` and `context_switches` exist everywhere. Throws NotSupportedError if a counter is
 * missing, UsageError if the program has no BTF or no such subprogram.
 */
export function profileProgram(program: Program, options: ProfileOptions): Profile {
  checkOptions("profileProgram", options, OPTIONS);
  for (const name of options.metrics) metric(name);
  const metrics = METRIC_NAMES.filter((name) => options.metrics.includes(name));
  if (metrics.length === 0) throw new UsageError("a profile needs at least one metric");
  if (metrics.length > MAX_METRICS) {
    throw new UsageError(`too many (${metrics.length}) metrics: no more than ${MAX_METRICS} can be measured at a time`);
  }
  const attach_btf_id = targetOf(program, options.subprogram);
  const cpus = possibleCpus();
  const list = new DisposableList();
  try {
    const maps = createMaps(list, metrics.length, cpus);
    const load = (name: string, attachType: BpfAttachType, insns: Uint8Array): Program => {
      const probe = loadProbe(name, attachType, insns, { attach_btf_id, attach_prog_fd: program.fd });
      list.add(() => probe.close());
      return probe;
    };
    const { BPF_TRACE_FENTRY, BPF_TRACE_FEXIT } = BpfAttachType;
    const entry = load("fentry", BPF_TRACE_FENTRY, entryProbe(maps, metrics.length, cpus));
    const exit = load("fexit", BPF_TRACE_FEXIT, exitProbe(maps, metrics.length, cpus));
    metrics.forEach((name, i) => {
      openEvents(list, name, maps.events, i * cpus);
    });
    for (const probe of [exit, entry]) {
      const link: Link = attachTracing(probe);
      list.add(() => link.close());
    }
    return new Profile(list, maps.totals, metrics);
  } catch (error) {
    list.close();
    throw error;
  }
}

function createMaps(list: DisposableList, metrics: number, cpus: number): ProbeMaps {
  const create = (map_name: string, map_type: BpfMapType, value_size: number, max_entries: number): number => {
    const fd = mapCreate({ map_name, map_type, key_size: 4, value_size, max_entries });
    list.add(() => closeFd(fd));
    return fd;
  };
  const { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY } = BpfMapType;
  const size = HEADER_SIZE + metrics * READING_SIZE;
  return {
    events: create("events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, metrics * cpus),
    started: create("started", BPF_MAP_TYPE_PERCPU_ARRAY, size, 1),
    totals: create("totals", BPF_MAP_TYPE_PERCPU_ARRAY, size, 1),
  };
}

/** The BTF id of the function to measure. */
function targetOf(program: Program, subprogram: string | undefined): number {
  const info: ProgInfo = progInfo(program.fd, { func_info: true });
  const btf = info.btf_id === 0 ? undefined : loadedBtf(info.btf_id);
  const records = infoRecords(info.func_info, info.func_info_rec_size);
  const [first] = records;
  if (btf === undefined || first === undefined) {
    throw new UsageError(
      `program ${info.id} cannot be profiled: it has no BTF that describes its functions; compile its object with clang -g`,
    );
  }
  if (subprogram === undefined) return first.getUint32(4, LITTLE);
  const names = records.map((record) => functionName(btf, record) ?? "");
  const found = records[names.indexOf(subprogram)];
  if (found !== undefined) return found.getUint32(4, LITTLE);
  throw new UsageError(`program ${info.id} has no function ${subprogram}; it has ${names.join(", ")}`);
}

function loadProbe(
  prog_name: string,
  expected_attach_type: BpfAttachType,
  insns: Uint8Array,
  target: { attach_btf_id: number; attach_prog_fd: number },
): Program {
  const type = BpfProgType.BPF_PROG_TYPE_TRACING;
  const loaded = tryProgLoad({
    prog_type: type,
    prog_name,
    insns,
    expected_attach_type,
    ...target,
    log: { size: LOG_SIZE },
  });
  if (loaded.fd === undefined) {
    const lack = featureLack("attach:fentry");
    if (lack?.kind === "machine") throw new NotSupportedError({ feature: "fentry programs", detail: lack.reason });
    const reason = loaded.log.trim().split("\n").at(0);
    throw new SyscallError({
      call: "bpf(BPF_PROG_LOAD)",
      errno: loaded.errno,
      subject: `the ${prog_name} program that profiles it`,
      ...(reason ? { hint: `the verifier says: ${reason}` } : {}),
    });
  }
  const origin = { name: prog_name, type, attachType: expected_attach_type };
  return new Program(new OwnedFd(loaded.fd, prog_name), origin);
}

function openEvents(list: DisposableList, name: MetricName, events: number, first: number): void {
  const { type, config, kernelOnly } = metric(name);
  for (const cpu of onlineCpus()) {
    let fd: number;
    try {
      fd = perfEventOpen({ type, config, pid: -1, cpu, ...(kernelOnly && { bits: ["exclude_user"] }) });
    } catch (cause) {
      // ENODEV: the CPU went offline after the list was read.
      if (cause instanceof SyscallError && cause.errno === Errno.ENODEV && cpu > 0) continue;
      throw missing(name, cpu, kernelOnly, cause);
    }
    list.add(() => closeFd(fd));
    mapUpdateElem(events, u32(first + cpu), u32(fd));
    perfEventEnable(fd);
  }
}

function missing(name: MetricName, cpu: number, hardware: boolean, cause: unknown): unknown {
  const absent: readonly number[] = [Errno.ENOENT, Errno.ENODEV, Errno.EOPNOTSUPP, Errno.EINVAL];
  if (!hardware || !(cause instanceof SyscallError) || !absent.includes(cause.errno)) return cause;
  return new NotSupportedError(
    {
      feature: `the counter ${name} on CPU ${cpu}`,
      detail:
        "this machine has no processor counters, like most virtual machines; task_clock, page_faults and context_switches work without them",
    },
    { cause },
  );
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
