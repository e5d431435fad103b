import { isGone, KernelBtf, loadedBtf } from "../../kernel/index.ts";
import { btfGetFdById, btfInfo, closeFd, mapGetFdById, mapInfo } from "../../sys/index.ts";
import type { ProgramRecord } from "./record.ts";

/** A map that a program uses. */
export interface UsedMap {
  readonly id: number;
  /** Undefined where the map is gone meanwhile. */
  readonly name: string | undefined;
}

/** What a program was loaded to be attached to. */
export interface AttachTargetName {
  /** Of the function, or `btf_trace_NAME` of a tracepoint; undefined where its BTF does not tell. */
  readonly name: string | undefined;
  /** `vmlinux`, a module's name, or the name of the BTF of a BPF program, which is often empty. */
  readonly btf_name: string;
  readonly btf_obj_id: number;
  readonly btf_id: number;
}

/** What takes more than a program's own info to tell. */
export interface ProgramDetails {
  readonly maps: readonly UsedMap[];
  /** Undefined for a program that attaches to no BTF type, and before Linux 6.0. */
  readonly attach_to: AttachTargetName | undefined;
}

/** Looks up the details of programs one after another; what several have in common is looked up once. */
export class ProgramDetailsReader implements Disposable {
  readonly #kernel = new KernelBtf();
  readonly #maps = new Map<number, UsedMap>();
  readonly #names = new Map<number, { readonly name: string; readonly kernel: boolean } | undefined>();

  /** The details of a program that was described. */
  details(record: ProgramRecord): ProgramDetails {
    return { maps: record.map_ids.map((id) => this.#map(id)), attach_to: this.#target(record) };
  }

  #map(id: number): UsedMap {
    const known = this.#maps.get(id);
    if (known !== undefined) return known;
    const map = {
      id,
      name: withFd(
        () => mapGetFdById(id),
        (fd) => mapInfo(fd).name,
      ),
    };
    this.#maps.set(id, map);
    return map;
  }

  #target({ attach_btf_obj_id = 0, attach_btf_id = 0 }: ProgramRecord): AttachTargetName | undefined {
    if (attach_btf_obj_id === 0 || attach_btf_id === 0) return undefined;
    if (!this.#names.has(attach_btf_obj_id)) {
      const info = withFd(
        () => btfGetFdById(attach_btf_obj_id),
        (fd) => btfInfo(fd),
      );
      this.#names.set(attach_btf_obj_id, info && { name: info.name ?? "", kernel: info.kernel_btf });
    }
    const from = this.#names.get(attach_btf_obj_id);
    const btf =
      from?.kernel === true
        ? from.name === "vmlinux"
          ? this.#kernel.main
          : this.#kernel.modules().find(({ name }) => name === from.name)?.btf
        : loadedBtf(attach_btf_obj_id);
    const type = btf !== undefined && attach_btf_id < btf.endId ? btf.type(attach_btf_id) : undefined;
    const name = type !== undefined && "name" in type ? type.name : undefined;
    return { name, btf_name: from?.name ?? "", btf_obj_id: attach_btf_obj_id, btf_id: attach_btf_id };
  }

  close(): void {
    this.#kernel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function withFd<T>(open: () => number, use: (fd: number) => T): T | undefined {
  let fd: number;
  try {
    fd = open();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}
