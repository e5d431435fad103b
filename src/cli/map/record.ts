import type { ObjectRef } from "../handle/references.ts";

/** The device that a map is offloaded to. */
export interface MapDevice {
  readonly ifindex: number;
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
  /** Undefined where the device is in another network namespace, or gone. */
  readonly name: string | undefined;
}

/** What the first line of a map shows, in `map show` and in `map dump` of several maps. */
export interface MapHeader {
  readonly id: number;
  readonly type: number;
  readonly name: string;
  readonly map_flags: number;
  readonly device: MapDevice | undefined;
}

/** Everything that `map show` shows of a map. */
export interface MapRecord extends MapHeader {
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  /** Bytes, from the fd's /proc entry. */
  readonly memlock: string | undefined;
  /** Of a prog array, once a program has been put into it. */
  readonly owner_prog_type: number | undefined;
  readonly owner_jited: boolean | undefined;
  readonly frozen: number;
  readonly btf_id: number;
  /** Where it is pinned; undefined where that was not asked for, or no map is pinned anywhere. */
  readonly pinned: readonly string[] | undefined;
  readonly refs: readonly ObjectRef[];
}
