import type { JsonValue } from "../json-writer.ts";
import type { ObjectRef } from "../references.ts";

/** The device that a program or map is bound or offloaded to. */
export interface DeviceRecord {
  readonly ifindex: number;
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
  /** Undefined where the device is in another network namespace, or gone. */
  readonly name: string | undefined;
}

/** The first part of what `prog show` shows, which `prog dump` of several programs shows too. */
export interface ProgramHeader {
  readonly id: number;
  readonly type: number;
  /** The full name, completed from BTF where the kernel's 15 characters are too few. */
  readonly name: string;
  /** 16 hexadecimal digits. */
  readonly tag: string;
  readonly gpl_compatible: boolean;
  readonly run_time_ns: bigint;
  readonly run_cnt: bigint;
  readonly recursion_misses: bigint;
  readonly device: DeviceRecord | undefined;
}

/** Everything that `prog show` shows of a program. */
export interface ProgramRecord extends ProgramHeader {
  /** Seconds since the epoch. */
  readonly loaded_at: number | undefined;
  readonly created_by_uid: number;
  /** Its offload device is gone. */
  readonly orphaned: boolean;
  readonly xlated_prog_len: number;
  readonly jited_prog_len: number;
  /** Bytes, from the fd's /proc entry. */
  readonly memlock: number | undefined;
  readonly map_ids: readonly number[];
  readonly btf_id: number;
  /** Where it is pinned; undefined where that was not asked for, or no program is pinned anywhere. */
  readonly pinned: readonly string[] | undefined;
  readonly refs: readonly ObjectRef[];
  /** The `bpf_metadata_` variables of its read-only data. */
  readonly metadata: readonly { readonly name: string; readonly text: string; readonly json: JsonValue }[];
}
