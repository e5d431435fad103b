import type { Btf } from "../../btf/index.ts";
import { isForbidden, isGone, loadedBtf } from "../../kernel/index.ts";
import { fullProgramName } from "../../program/index.ts";
import { closeFd, progGetFdById, progGetNextId, progHead } from "../../sys/index.ts";
import type { BpfProgType } from "../../uapi/index.ts";

/** The facts about a program that a list of attachments shows. */
export interface ProgramLabel {
  /** The program's type, BPF_PROG_TYPE_*. Undefined if this process may not open programs (CAP_SYS_ADMIN). */
  readonly type: BpfProgType | undefined;
  /** The program's full name. Undefined if this process may not open programs. */
  readonly name: string | undefined;
  /** The id of the BTF object that contains `attachBtfId` (6.0); 0 if there is none. */
  readonly attachBtfObjId: number;
  readonly attachBtfId: number;
}

const HIDDEN: ProgramLabel = { type: undefined, name: undefined, attachBtfObjId: 0, attachBtfId: 0 };

/** Caches facts about programs by id, because a tree of cgroups contains the same few programs many times. */
export class ProgramCatalog {
  readonly #labels = new Map<number, ProgramLabel | undefined>();
  readonly #btf = new Map<number, Btf | undefined>();

  /** Returns a program's label; undefined if the program is gone. */
  label(id: number): ProgramLabel | undefined {
    if (!this.#labels.has(id)) this.#labels.set(id, this.#read(id));
    return this.#labels.get(id);
  }

  /**
   * Returns the ids of all loaded programs by type. Returns undefined if more than `limit` programs are loaded, or if
   * this process may not open programs.
   */
  loaded(limit: number): Map<BpfProgType, Set<number>> | undefined {
    const found = new Map<BpfProgType, Set<number>>();
    let count = 0;
    try {
      for (let id = progGetNextId(0); id !== undefined; id = progGetNextId(id)) {
        count += 1;
        if (count > limit) return undefined;
        const label = this.label(id);
        if (label === HIDDEN) return undefined;
        if (label?.type === undefined) continue;
        const ids = found.get(label.type);
        if (ids === undefined) found.set(label.type, new Set([id]));
        else ids.add(id);
      }
    } catch {
      return undefined;
    }
    return found;
  }

  #read(id: number): ProgramLabel | undefined {
    let fd: number;
    try {
      fd = progGetFdById(id);
    } catch (error) {
      if (isGone(error)) return undefined;
      if (isForbidden(error)) return HIDDEN;
      throw error;
    }
    try {
      const head = progHead(fd);
      const { type, attach_btf_obj_id: attachBtfObjId = 0, attach_btf_id: attachBtfId = 0 } = head;
      const name = fullProgramName(head, fd, (btf) => this.#loadedBtf(btf));
      return { type, name, attachBtfObjId, attachBtfId };
    } finally {
      closeFd(fd);
    }
  }

  #loadedBtf(id: number): Btf | undefined {
    if (!this.#btf.has(id)) this.#btf.set(id, loadedBtf(id));
    return this.#btf.get(id);
  }
}
