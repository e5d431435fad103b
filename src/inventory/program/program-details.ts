import { isForbidden, isGone, KernelBtf, loadedBtf } from "../../kernel/index.ts";
import { btfGetFdById, btfInfo, closeFd, mapGetFdById, mapInfo } from "../../sys/index.ts";

/** A map that a program uses. */
export interface UsedMap {
  readonly id: number;
  /** The map's name; undefined if the map no longer exists. */
  readonly name: string | undefined;
}

/** The BTF type that a program was loaded to attach to. */
export interface AttachTargetName {
  /**
   * The name of the function, or `btf_trace_NAME` for a tracepoint. Undefined if the BTF that contains the name cannot
   * be read.
   */
  readonly name: string | undefined;
  /**
   * The name of the BTF: `vmlinux`, or a module's name. The BTF of a BPF program often has no name; the text is then
   * empty.
   */
  readonly btfName: string;
  readonly btfObjId: number;
  readonly btfId: number;
}

/** Details of a program that need additional system calls. They are undefined unless the caller requested them. */
export interface ProgramDetails {
  readonly maps?: readonly UsedMap[] | undefined;
  /** The attach target. Also undefined for a program that attaches to no BTF type, and before Linux 6.0. */
  readonly attachTo?: AttachTargetName | undefined;
}

/** The fields of a program that {@link ProgramDetailsReader} needs. */
export interface ProgramReferences {
  readonly mapIds: readonly number[];
  readonly attachBtfObjId: number | undefined;
  readonly attachBtfId: number | undefined;
}

/** Looks up the details of programs one after another. Looks up shared details only once. */
export class ProgramDetailsReader implements Disposable {
  readonly #kernel = new KernelBtf();
  readonly #maps = new Map<number, UsedMap>();
  readonly #names = new Map<number, { readonly name: string; readonly kernel: boolean } | undefined>();

  details(program: ProgramReferences): ProgramDetails {
    return { maps: program.mapIds.map((id) => this.#map(id)), attachTo: this.#target(program) };
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

  #target({ attachBtfObjId = 0, attachBtfId = 0 }: ProgramReferences): AttachTargetName | undefined {
    if (attachBtfObjId === 0 || attachBtfId === 0) return undefined;
    if (!this.#names.has(attachBtfObjId)) {
      const info = withFd(
        () => btfGetFdById(attachBtfObjId),
        (fd) => btfInfo(fd),
      );
      this.#names.set(attachBtfObjId, info && { name: info.name ?? "", kernel: info.kernel_btf });
    }
    const from = this.#names.get(attachBtfObjId);
    const btf =
      from?.kernel === true
        ? from.name === "vmlinux"
          ? this.#kernel.main
          : this.#kernel.modules().find(({ name }) => name === from.name)?.btf
        : from && loadedBtf(attachBtfObjId);
    const type = btf !== undefined && attachBtfId < btf.endId ? btf.type(attachBtfId) : undefined;
    const name = type !== undefined && "name" in type ? type.name : undefined;
    return { name, btfName: from?.name ?? "", btfObjId: attachBtfObjId, btfId: attachBtfId };
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
    if (isGone(error) || isForbidden(error)) return undefined;
    throw error;
  }
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}
