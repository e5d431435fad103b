import type { Btf } from "../../btf/index.ts";
import { Errno, SyscallError } from "../../errors/index.ts";
import { everyFd, loadedBtf } from "../../kernel/index.ts";
import { formatHex } from "../../layout/index.ts";
import { fullProgramName, type MetadataVariable, programMetadata } from "../../program/index.ts";
import { bootToWallClock, deviceName, FdMemlock, type ProgInfo, progInfo } from "../../sys/index.ts";

const NANOSECONDS = 1_000_000_000n;

/** The network device that a program is bound or offloaded to. */
export interface ProgramDevice {
  readonly ifindex: number;
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
  /** Undefined where the device is in another network namespace, or gone. */
  readonly name: string | undefined;
}

/** What names a program and how it fared. */
export interface ProgramHeader {
  readonly id: number;
  /** BPF_PROG_TYPE_*, or a number that is newer than this library. */
  readonly type: number;
  /** The full name, completed from BTF where the kernel's 15 characters are too few. */
  readonly name: string;
  /** 16 hexadecimal digits. */
  readonly tag: string;
  readonly gpl_compatible: boolean;
  /** Nanoseconds. */
  readonly run_time_ns: bigint;
  readonly run_cnt: bigint;
  readonly recursion_misses: bigint;
  readonly device: ProgramDevice | undefined;
}

/** What the kernel says about a program, put together: what `bpftool prog show` shows, and more. */
export interface ProgramRecord extends ProgramHeader {
  /** Seconds since the epoch; undefined where the kernel does not tell. */
  readonly loaded_at: number | undefined;
  readonly created_by_uid: number;
  /** Its offload device is gone. */
  readonly orphaned: boolean;
  /** Bytes of instructions as the verifier left them. */
  readonly xlated_prog_len: number;
  /** Bytes of machine code; 0 where it is interpreted, or the kernel hides it. */
  readonly jited_prog_len: number;
  /** Bytes of kernel memory. */
  readonly memlock: number | undefined;
  readonly map_ids: readonly number[];
  readonly btf_id: number;
  /** The `bpf_metadata_` variables of its read-only data. */
  readonly metadata: readonly MetadataVariable[];
  /** Instructions that the verifier went through (5.16). */
  readonly verified_insns: number | undefined;
  /** The function or type that it is attached to, as type `attach_btf_id` in BTF `attach_btf_obj_id` (6.0). */
  readonly attach_btf_obj_id: number | undefined;
  readonly attach_btf_id: number | undefined;
}

/** Describes loaded programs one after another: what is the same for all of them is asked once. */
export class ProgramReader implements Disposable {
  readonly #memlock = new FdMemlock();
  readonly #types = new Map<number, Btf | undefined>();
  #wallClock: bigint | undefined;

  /** The BTF that somebody loaded, by its id; each is read once. */
  readonly btf = (id: number): Btf | undefined => {
    if (!this.#types.has(id)) this.#types.set(id, loadedBtf(id));
    return this.#types.get(id);
  };

  /** What names a program whose info was asked for. */
  header(info: ProgInfo, fd: number): ProgramHeader {
    return {
      id: info.id,
      type: info.type,
      name: fullProgramName(info, fd, this.btf),
      tag: formatHex(info.tag),
      gpl_compatible: info.gpl_compatible,
      run_time_ns: info.run_time_ns ?? 0n,
      run_cnt: info.run_cnt ?? 0n,
      recursion_misses: info.recursion_misses ?? 0n,
      device: deviceOf(info),
    };
  }

  /** Everything about one program. */
  record(fd: number): ProgramRecord {
    const { info, orphaned } = infoOf(fd);
    // Not a literal that begins with `...header`: V8 11 (Node 20) makes a hidden class for each such object, which
    // outlives it, and takes 16 µs.
    return Object.assign(this.header(info, fd), {
      loaded_at: this.loadedAt(info.load_time),
      created_by_uid: info.created_by_uid,
      orphaned,
      xlated_prog_len: info.xlated_prog_len,
      jited_prog_len: info.jited_prog_len,
      memlock: this.#memlock.bytes(fd),
      map_ids: info.map_ids ?? [],
      btf_id: info.btf_id,
      metadata: this.metadata(info.map_ids ?? []),
      verified_insns: info.verified_insns,
      attach_btf_obj_id: info.attach_btf_obj_id,
      attach_btf_id: info.attach_btf_id,
    });
  }

  /** A program's variables that say something about it, by the ids of its maps. */
  metadata(mapIds: readonly number[]): readonly MetadataVariable[] {
    return programMetadata(mapIds, this.btf);
  }

  /** Seconds since the epoch of a time in nanoseconds since boot; undefined for 0, which the kernel does not tell. */
  loadedAt(sinceBoot: bigint): number | undefined {
    if (sinceBoot === 0n) return undefined;
    this.#wallClock ??= bootToWallClock();
    return Number((this.#wallClock + sinceBoot) / NANOSECONDS);
  }

  close(): void {
    this.#memlock.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** So many programs are asked for before {@link manyProgramRecords} is worth its own program's load. */
export const FEW_PROGRAMS = 500;

/**
 * Describes loaded programs by asking the kernel for one after another, so that of ten thousand only one record lives at a
 * time: those with ids above `after`, `most` of them. Those that go away meanwhile are left out.
 */
export function* programRecords(
  reader: ProgramReader,
  { after = 0, most = Number.POSITIVE_INFINITY }: { after?: number; most?: number } = {},
): Generator<ProgramRecord, void, undefined> {
  let left = most;
  for (const fd of everyFd("program", after)) {
    yield reader.record(fd);
    if (--left <= 0) return;
  }
}

function infoOf(fd: number): { info: ProgInfo; orphaned: boolean } {
  try {
    return { info: progInfo(fd, { map_ids: true }), orphaned: false };
  } catch (error) {
    // The device that it was offloaded to is gone; the kernel fills in the rest all the same.
    if (error instanceof SyscallError && error.errno === Errno.ENODEV) return { info: ORPHAN, orphaned: true };
    throw error;
  }
}

const ORPHAN: ProgInfo = {
  type: 0,
  id: 0,
  tag: new Uint8Array(8),
  jited_prog_len: 0,
  xlated_prog_len: 0,
  load_time: 0n,
  created_by_uid: 0,
  nr_map_ids: 0,
  name: "",
  ifindex: 0,
  gpl_compatible: false,
  netns_dev: 0n,
  netns_ino: 0n,
  nr_jited_ksyms: 0,
  nr_jited_func_lens: 0,
  btf_id: 0,
  func_info_rec_size: 0,
  nr_func_info: 0,
  nr_line_info: 0,
  nr_jited_line_info: 0,
  line_info_rec_size: 0,
  jited_line_info_rec_size: 0,
  nr_prog_tags: 0,
  run_time_ns: 0n,
  run_cnt: 0n,
  recursion_misses: undefined,
  verified_insns: undefined,
  attach_btf_obj_id: undefined,
  attach_btf_id: undefined,
};

function deviceOf({ ifindex, netns_dev, netns_ino }: ProgInfo): ProgramDevice | undefined {
  if (ifindex === 0) return undefined;
  return { ifindex, netns_dev, netns_ino, name: deviceName(ifindex, { netns_dev, netns_ino }) };
}
