import { closeSync, openSync, readSync } from "node:fs";
import { Errno } from "../../errors/index.ts";
import { formatHex } from "../../layout/index.ts";
import { bootToWallClock, deviceName, type ProgInfo, progInfo } from "../../sys/index.ts";
import { fullProgramName } from "../handle/program-name.ts";
import { pinsOf } from "../pinned-paths.ts";
import { errnoOf, failedTo } from "../reason.ts";
import type { ObjectRefs } from "../references.ts";
import { programMetadata } from "./metadata.ts";
import type { DeviceRecord, ProgramHeader, ProgramRecord } from "./record.ts";

const NANOSECONDS = 1_000_000_000n;

/** Asks the kernel about programs for `prog show`: what is the same for all of them is asked once. */
export class ProgramGatherer {
  readonly #pins: ReadonlyMap<number, readonly string[]> | undefined;
  #wallClock: bigint | undefined;
  readonly #refs: ObjectRefs;

  constructor(pins: ReadonlyMap<number, readonly string[]> | undefined, refs: ObjectRefs) {
    this.#pins = pins;
    this.#refs = refs;
  }

  /** Everything about one program. */
  record(fd: number): ProgramRecord {
    const { info, orphaned } = infoOf(fd);
    return {
      ...programHeader(info, fd),
      loaded_at: info.load_time === 0n ? undefined : this.#seconds(info.load_time),
      created_by_uid: info.created_by_uid,
      orphaned,
      xlated_prog_len: info.xlated_prog_len,
      jited_prog_len: info.jited_prog_len,
      memlock: memlockOf(fd),
      map_ids: info.map_ids ?? [],
      btf_id: info.btf_id,
      pinned: pinsOf(this.#pins, info.id),
      refs: this.#refs.get(info.id) ?? [],
      metadata: programMetadata(info.map_ids ?? []),
    };
  }

  #seconds(sinceBoot: bigint): number {
    this.#wallClock ??= bootToWallClock();
    return Number((this.#wallClock + sinceBoot) / NANOSECONDS);
  }
}

/** What the first line shows. */
export function programHeader(info: ProgInfo, fd: number): ProgramHeader {
  return {
    id: info.id,
    type: info.type,
    name: fullProgramName(info, fd),
    tag: formatHex(info.tag),
    gpl_compatible: info.gpl_compatible,
    run_time_ns: info.run_time_ns ?? 0n,
    run_cnt: info.run_cnt ?? 0n,
    recursion_misses: info.recursion_misses ?? 0n,
    device: deviceOf(info),
  };
}

function infoOf(fd: number): { info: ProgInfo; orphaned: boolean } {
  try {
    return { info: progInfo(fd, { mapIds: true }), orphaned: false };
  } catch (error) {
    // The device that it was offloaded to is gone; the kernel fills in the rest all the same.
    if (errnoOf(error) === Errno.ENODEV) return { info: ORPHAN, orphaned: true };
    throw failedTo("can't get prog info", error);
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
  run_time_ns: undefined,
  run_cnt: undefined,
  recursion_misses: undefined,
  verified_insns: undefined,
  attach_btf_obj_id: undefined,
  attach_btf_id: undefined,
};

function deviceOf({ ifindex, netns_dev, netns_ino }: ProgInfo): DeviceRecord | undefined {
  if (ifindex === 0) return undefined;
  return { ifindex, netns_dev, netns_ino, name: deviceName(ifindex, { netns_dev, netns_ino }) };
}

const fdinfo = Buffer.alloc(4096);

/** The `memlock` line of an fd's /proc entry. Read here, and not parsed whole: this is done for every program. */
function memlockOf(fd: number): number | undefined {
  let file: number;
  try {
    file = openSync(`/proc/self/fdinfo/${fd}`, "r");
  } catch {
    return undefined;
  }
  try {
    const text = fdinfo.toString("latin1", 0, readSync(file, fdinfo));
    const value = /^memlock:\t(\d+)$/m.exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  } finally {
    closeSync(file);
  }
}
