import type { ObjectKind } from "../../kernel/index.ts";
import { OwnIterator } from "../../kernel/index.ts";
import { HolderRecord, holderProgram } from "./holder-program.ts";

/** An open file of a BPF object. */
export interface HolderEntry {
  readonly pid: number;
  readonly id: number;
  /** The cookie of a perf event's link; undefined for all else. */
  readonly cookie: bigint | undefined;
}

/**
 * All open files of a kind of objects, by a program of the kernel's iterator over them (5.8). Throws where that cannot
 * be, as {@link OwnIterator} does.
 */
export function iterateHolders(kind: ObjectKind): HolderEntry[] {
  using iterator = new OwnIterator({
    target: "task_file",
    since: "5.8",
    name: "bpfts_holders",
    code: (types) => holderProgram(types, kind),
    recordSize: HolderRecord.size,
  });
  const own = { program: iterator.programId, map: 0, link: iterator.linkId, btf: 0 }[kind];
  const entries: HolderEntry[] = [];
  for (const { bytes, at } of iterator.records()) {
    const id = bytes.getUint32(at + HolderRecord.id, true);
    if (id === own) continue;
    entries.push({
      pid: bytes.getUint32(at + HolderRecord.pid, true),
      id,
      cookie:
        bytes.getUint32(at + HolderRecord.has_cookie, true) === 0
          ? undefined
          : bytes.getBigUint64(at + HolderRecord.cookie, true),
    });
  }
  return entries;
}
