import { readdirSync, readFileSync, statSync } from "node:fs";
import { Btf, type BtfKind, type TypeId } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { NotSupportedError, UsageError } from "../errors/index.ts";
import { btfGetFdById, btfInfo, closeFd, kernelBtfPath, kernelRelease, mapPrivately, OwnedFd } from "../sys/index.ts";
import { isGone } from "./kernel-object.ts";
import { readUserFile } from "./read-user-file.ts";
import { openObjects } from "./walk-objects.ts";

/** A module's BTF: split, on top of the kernel's own. */
export interface ModuleBtf {
  readonly name: string;
  readonly btf: Btf;
  /** The fd that names it to the kernel; closed with the {@link KernelBtf} that made it. */
  readonly fd: OwnedFd;
}

let vmlinux: Btf | undefined;

/**
 * The running kernel's own BTF, read once in a process (see {@link flushKernelBtf}): /sys/kernel/btf/vmlinux (5.4), or the `.BTF` section of a
 * vmlinux file where distributions put it. Throws NotSupportedError where there is none.
 */
export function kernelBtf(): Btf {
  vmlinux ??= readKernelBtf();
  return vmlinux;
}

/**
 * Forgets the kernel's BTF, which takes some megabytes and is otherwise kept until the process ends: the next load that
 * needs it reads it again. For a long-lived process that has loaded all it will load for now.
 */
export function flushKernelBtf(): void {
  vmlinux = undefined;
}

function readKernelBtf(): Btf {
  const path = kernelBtfPath();
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    // Mapping saves the time to copy 5 MB. Kernels before 6.16 refuse it, so their BTF is read.
    const mapped = mapPrivately(path);
    return Btf.parse(mapped ?? readFileSync(path), { source: path, lazy: true, readOnly: mapped !== undefined });
  }
  for (const file of vmlinuxFiles(kernelRelease())) {
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return readBtfFile(file);
  }
  throw new NotSupportedError({
    feature: "BTF of its own",
    detail: `${path} does not exist, because the kernel was built without CONFIG_DEBUG_INFO_BTF; give a BTF file for this kernel with the option kernelBtf (of the command: kernel_btf FILE)`,
  });
}

/** Where distributions put a vmlinux with debugging information, in libbpf's order. */
function vmlinuxFiles(release: string): string[] {
  return [
    `/boot/vmlinux-${release}`,
    `/lib/modules/${release}/vmlinux-${release}`,
    `/lib/modules/${release}/build/vmlinux`,
    `/usr/lib/modules/${release}/kernel/vmlinux`,
    `/usr/lib/debug/boot/vmlinux-${release}`,
    `/usr/lib/debug/boot/vmlinux-${release}.debug`,
    `/usr/lib/debug/lib/modules/${release}/vmlinux`,
  ];
}

const ELF_MAGIC = 0x7f454c46;

/**
 * Returns the BTF of a file: raw, or the section `.BTF` of an ELF file. Split BTF, such as a module's, needs the BTF that
 * it goes on from as `base`, unless the file brings it along in a section `.BTF.base`. Throws UsageError, FormatError.
 */
export function readBtfFile(path: string, options: { readonly base?: Btf | undefined } = {}): Btf {
  const data = readUserFile(path, "BTF, or an ELF file with it,");
  if (data.length < 4 || data.readUInt32BE(0) !== ELF_MAGIC) return Btf.parse(data, { source: path, ...options });
  const elf = parseElf(data, path);
  const parseSection = (wanted: string, base: Btf | undefined): Btf | undefined => {
    const section = elf.sections.find(({ name }) => name === wanted);
    return section && Btf.parse(elf.contents(section), { source: `${path}: section ${wanted}`, base });
  };
  const ownBase = parseSection(".BTF.base", undefined);
  if (ownBase !== undefined && options.base !== undefined) {
    throw new UsageError(
      `${path} brings its base along in a section .BTF.base, and bpfts cannot move its types onto another base: read it without one`,
    );
  }
  const btf = parseSection(".BTF", ownBase ?? options.base);
  if (btf === undefined) throw new UsageError(`${path} has no section .BTF`);
  return btf;
}

/** The kernel's BTF and, when asked for, its modules'. Owns fds of the modules' BTF: close it. */
export class KernelBtf implements Disposable {
  #modules: ModuleBtf[] | undefined;

  get main(): Btf {
    return kernelBtf();
  }

  /** The BTF of all loaded modules (5.11). */
  modules(): readonly ModuleBtf[] {
    this.#modules ??= readModules(this.main);
    return this.#modules;
  }

  /** A type by name and kind, in the kernel's own BTF or else in the first module that has it. */
  find(name: string, kind: BtfKind): { btf: Btf; id: TypeId; module: ModuleBtf | undefined } | undefined {
    const id = this.main.find(name, kind);
    if (id !== undefined) return { btf: this.main, id, module: undefined };
    for (const module of this.modules()) {
      const own = module.btf.find(name, kind);
      if (own !== undefined && own >= module.btf.firstId) return { btf: module.btf, id: own, module };
    }
    return undefined;
  }

  close(): void {
    for (const { fd } of this.#modules ?? []) fd.close();
    this.#modules = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function readModules(base: Btf): ModuleBtf[] {
  // Without modules there is no reason to walk all BTF objects, of which each loaded object has one.
  if (!hasModules()) return [];
  const found: ModuleBtf[] = [];
  for (const { id, fd: number } of openObjects("btf")) {
    const fd = new OwnedFd(number, `BTF ${id}`);
    const { kernel_btf, name } = btfInfo(fd.number);
    const { btf } = kernel_btf && name !== "vmlinux" ? btfInfo(fd.number, { data: true }) : { btf: undefined };
    if (btf === undefined) fd.close();
    else found.push({ name, btf: Btf.parse(btf, { source: `BTF of module ${name}`, base }), fd });
  }
  return found;
}

function hasModules(): boolean {
  try {
    return readdirSync("/sys/kernel/btf").length > 1;
  } catch {
    return false;
  }
}

/**
 * The BTF that somebody loaded into the kernel with a program or map, by its id; undefined where it is gone. A module's
 * goes on from the kernel's own, its `base`.
 */
export function loadedBtf(id: number, base?: Btf): Btf | undefined {
  let fd: number;
  try {
    fd = btfGetFdById(id);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  try {
    const { btf } = btfInfo(fd, { data: true });
    return btf === undefined || btf.length === 0 ? undefined : Btf.parse(btf, { source: `BTF ${id}`, base });
  } finally {
    closeFd(fd);
  }
}
