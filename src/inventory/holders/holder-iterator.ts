import type { ObjectKind } from "../../kernel/index.ts";
import { OwnIterator } from "../../kernel/index.ts";
import { HolderRecord, holderProgram } from "./holder-program.ts";
import type { OpenObject } from "./proc-search.ts";

/** An open file of a BPF object, as the iterator reports it. */
export interface IteratedHolder extends OpenObject {
  /** The cookie of a perf event link; undefined for other objects. */
  readonly cookie: bigint | undefined;
}

/**
 * Lists all open files of a kind of objects. It loads an iterator program, which the kernel runs for each open file
 * (5.8). Throws the errors of {@link OwnIterator} if the iterator cannot run.
 */
export function iterateHolders(kind: ObjectKind): IteratedHolder[] {
  using iterator = new OwnIterator({
    target: "task_file",
    since: "5.8",
    name: "bpfts_holders",
    code: (types) => holderProgram(types, kind),
    recordSize: HolderRecord.size,
  });
  const own = { program: iterator.programId, map: 0, link: iterator.linkId, btf: 0 }[kind];
  const entries: IteratedHolder[] = [];
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
