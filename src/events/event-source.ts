import type { BpfMapType } from "../uapi/index.ts";

/**
 * Gets a record where it lies: `length` bytes at `offset` of `view`, on CPU `cpu` (-1 for a ring buffer, which has
 * none). The bytes are the kernel's again when the function returns: copy what is to be kept.
 */
export type OnRecord = (view: DataView, offset: number, length: number, cpu: number) => void;

/** Memory that the kernel writes records to and one reader takes them from. */
export interface EventSource {
  /** Ready for reading when there may be records. */
  readonly fds: readonly number[];
  /** Records that the kernel had no room for and counted. Always 0 for a ring buffer: its program is told instead. */
  readonly lost: number;
  /** Hands out at most `most` records that are there and gives their number. */
  read(onRecord: OnRecord, most: number): number;
  /** Ends it; a second call does nothing. */
  close(): void;
}

/** What of a map event sources need. */
export interface EventMap {
  readonly what: string;
  readonly fd: number;
  readonly type: BpfMapType;
  readonly typeName: string;
  readonly maxEntries: number;
  /** BPF_F_*, as the map was created. */
  readonly flags: number;
}
