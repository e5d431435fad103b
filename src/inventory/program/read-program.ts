import type { Btf } from "../../btf/index.ts";
import { Errno, SyscallError } from "../../errors/index.ts";
import { permittedBtf } from "../../kernel/index.ts";
import { type CamelCase, camelName, formatHex, infoReader } from "../../layout/index.ts";
import { fullProgramName, type MetadataVariable, programMetadata } from "../../program/index.ts";
import { bootToWallClock, deviceName, FdMemlock, type ProgInfo, progInfo } from "../../sys/index.ts";
import { BpfProgInfo } from "../../uapi/index.ts";
import type { Owners } from "../owners.ts";
import { IteratedProgram } from "./iterated-program.ts";
import type { ProgramDetails } from "./program-details.ts";

/** The network device that a program is bound or offloaded to. */
export interface ProgramDevice {
  readonly ifindex: number;
  readonly netnsDev: bigint;
  readonly netnsIno: bigint;
  /** The device's name. Undefined if the device is gone or in another network namespace. */
  readonly name: string | undefined;
}

type InfoField = keyof typeof IteratedProgram.fields & keyof ProgInfo;
/** The fields of `bpf_prog_info` that a description contains in another form. */
type Reshaped = "tag" | "load_time" | "map_ids" | "nr_map_ids";
const RESHAPED: readonly string[] = ["tag", "load_time", "map_ids", "nr_map_ids"] satisfies Reshaped[];

/** The fields of `bpf_prog_info` that a description contains unchanged. There their names are in camelCase. */
export const COPIED_FIELDS: readonly Exclude<InfoField, Reshaped>[] = (
  Object.keys(IteratedProgram.fields) as InfoField[]
).filter((name): name is Exclude<InfoField, Reshaped> => name in BpfProgInfo.fields && !RESHAPED.includes(name));

/**
 * A loaded program with everything that a listing can show, as plain data. Fields of `bpf_prog_info` have the kernel's
 * names in camelCase. `name` is the whole name: if the kernel truncated it to 15 characters, the rest comes from BTF.
 * `jitedProgLen` is 0 if the program is interpreted, or if the kernel hides its machine code.
 */
export interface ProgramDescription
  extends CamelCase<Pick<ProgInfo, Exclude<InfoField, Reshaped>>>,
    Owners,
    ProgramDetails {
  /** The tag as 16 hexadecimal digits. */
  readonly tag: string;
  /** The time of the load, in seconds since the epoch; undefined if the kernel does not report it. */
  readonly loadedAt: number | undefined;
  /** The total time of all runs in nanoseconds. */
  readonly runTimeNs: bigint;
  readonly runCnt: bigint;
  readonly recursionMisses: bigint;
  readonly device: ProgramDevice | undefined;
  /** True if the device that the program was offloaded to is gone. */
  readonly orphaned: boolean;
  /** The kernel memory of the program in bytes. */
  readonly memlock: number | undefined;
  readonly mapIds: readonly number[];
  /** The variables of the program's read-only data whose names begin with `bpf_metadata_`. */
  readonly metadata: readonly MetadataVariable[];
}

/** The fields that `describePrograms()` fills only on request. All are undefined here. */
export const NOT_REQUESTED = { pins: undefined, holders: undefined, maps: undefined, attachTo: undefined } as const;

const NANOSECONDS = 1_000_000_000n;

/** Describes programs by system calls. Looks up data that several programs share only once. */
export class ProgramReader implements Disposable {
  readonly #memlock = new FdMemlock();
  readonly #types = new Map<number, Btf | undefined>();
  #wallClock: bigint | undefined;

  /** Describes the program of an fd. */
  describe(fd: number): ProgramDescription {
    const { info, orphaned } = infoOf(fd);
    const copied: Record<string, unknown> = {};
    for (const name of COPIED_FIELDS) copied[camelName(name)] = info[name];
    return Object.assign(copied as CamelCase<Pick<ProgInfo, (typeof COPIED_FIELDS)[number]>>, {
      name: fullProgramName(info, fd, this.#btf),
      tag: formatHex(info.tag),
      loadedAt: this.loadedAt(info.load_time),
      runTimeNs: info.run_time_ns,
      runCnt: info.run_cnt,
      recursionMisses: info.recursion_misses ?? 0n,
      device: deviceOf(info),
      orphaned,
      memlock: this.#memlock.bytes(fd),
      mapIds: info.map_ids ?? [],
      metadata: this.metadata(info.map_ids ?? []),
      ...NOT_REQUESTED,
    });
  }

  /** Returns the metadata variables of a program from the ids of the program's maps. */
  metadata(mapIds: readonly number[]): readonly MetadataVariable[] {
    return programMetadata(mapIds, this.#btf);
  }

  /**
   * Converts nanoseconds since boot to seconds since the epoch. Returns undefined for 0, which means that the kernel
   * does not report the time.
   */
  loadedAt(sinceBoot: bigint): number | undefined {
    if (sinceBoot === 0n) return undefined;
    this.#wallClock ??= bootToWallClock();
    return Number((this.#wallClock + sinceBoot) / NANOSECONDS);
  }

  // Without CAP_SYS_ADMIN, a program that was opened by its pin is described without BTF.
  readonly #btf = (id: number): Btf | undefined => {
    if (!this.#types.has(id)) this.#types.set(id, permittedBtf(id));
    return this.#types.get(id);
  };

  close(): void {
    this.#memlock.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function infoOf(fd: number): { info: ProgInfo; orphaned: boolean } {
  try {
    return { info: progInfo(fd, { map_ids: true }), orphaned: false };
  } catch (error) {
    // ENODEV: the program was offloaded to a device that is gone. bpftool shows zeros for such a program.
    if (error instanceof SyscallError && error.errno === Errno.ENODEV) {
      return { info: infoReader(BpfProgInfo)(BpfProgInfo.alloc(), 0), orphaned: true };
    }
    throw error;
  }
}

function deviceOf({ ifindex, netns_dev, netns_ino }: ProgInfo): ProgramDevice | undefined {
  if (ifindex === 0) return undefined;
  const name = deviceName(ifindex, { netns_dev, netns_ino });
  return { ifindex, netnsDev: netns_dev, netnsIno: netns_ino, name };
}
