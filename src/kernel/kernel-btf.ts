import { readFileSync, statSync } from "node:fs";
import { Btf, type BtfKind, relocateToBase, type TypeId } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { NotSupportedError, UsageError } from "../errors/index.ts";
import {
  btfGetFdById,
  btfInfo,
  closeFd,
  kernelBtfModules,
  kernelBtfPath,
  kernelRelease,
  mapPrivately,
  OwnedFd,
} from "../sys/index.ts";
import { isForbidden, isGone } from "./kernel-object.ts";
import { readUserFile } from "./read-user-file.ts";
import { openObjects } from "./walk-objects.ts";

/** The BTF of a kernel module. It is split BTF, and the kernel's own BTF is its base. */
export interface ModuleBtf {
  readonly name: string;
  readonly btf: Btf;
  /** The fd of the module's BTF. Closing the {@link KernelBtf} that opened this fd closes it. */
  readonly fd: OwnedFd;
}

let vmlinux: Btf | undefined;

/**
 * Returns the running kernel's own BTF. It comes from /sys/kernel/btf/vmlinux (5.4), or from the section `.BTF` of a
 * vmlinux file in one of the paths that distributions use. A process reads the BTF only once and keeps it in memory;
 * {@link flushKernelBtf} frees the memory. Throws NotSupportedError if there is no BTF.
 */
export function kernelBtf(): Btf {
  vmlinux ??= readKernelBtf();
  return vmlinux;
}

/**
 * Frees the memory of the kernel's BTF (some megabytes). Without this call, the memory is kept until the process ends.
 * The next load that needs the BTF reads it again. Call it in a long-lived process after its last load.
 */
export function flushKernelBtf(): void {
  vmlinux = undefined;
}

function readKernelBtf(): Btf {
  const path = kernelBtfPath();
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    // Mapping the file avoids copying 5 MB. Kernels before 6.16 refuse to map it, so the file is read there.
    const mapped = mapPrivately(path);
    return Btf.parse(mapped ?? readFileSync(path), { source: path, lazy: true, readOnly: mapped !== undefined });
  }
  for (const file of vmlinuxFiles(kernelRelease())) {
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return readBtfFile(file);
  }
  throw new NotSupportedError({
    feature: "BTF of its own types",
    detail: `${path} does not exist, because the kernel was built without CONFIG_DEBUG_INFO_BTF; give a BTF file for this kernel with the option 'kernelBtf' (in the command: kernel_btf FILE)`,
  });
}

/** Returns the paths at which distributions put a vmlinux with debugging information, in libbpf's order. */
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
 * Returns the BTF in a file, which is raw BTF or an ELF file with a section `.BTF`. Split BTF, such as a module's,
 * needs its base BTF in `options.base`. An out-of-tree module has a distilled base in its section `.BTF.base`. If
 * `options.base` is given too, this function moves the BTF from the distilled base to `options.base`. Throws
 * UsageError, FormatError.
 */
export function readBtfFile(path: string, options: { readonly base?: Btf | undefined } = {}): Btf {
  const data = readUserFile(path, "BTF or an ELF file that contains BTF");
  if (data.length < 4 || data.readUInt32BE(0) !== ELF_MAGIC) return Btf.parse(data, { source: path, ...options });
  const elf = parseElf(data, path);
  const parseSection = (wanted: string, base: Btf | undefined): Btf | undefined => {
    const section = elf.sections.find(({ name }) => name === wanted);
    return section && Btf.parse(elf.contents(section), { source: `${path}: section ${wanted}`, base });
  };
  const distilled = parseSection(".BTF.base", undefined);
  const btf = parseSection(".BTF", distilled ?? options.base);
  if (btf === undefined) throw new UsageError(`${path} has no section .BTF`);
  return distilled === undefined || options.base === undefined ? btf : relocateToBase(btf, options.base);
}

/** The BTF of the kernel and of its modules. It owns the fds of the modules' BTF, so the caller must close it. */
export class KernelBtf implements Disposable {
  #modules: ModuleBtf[] | undefined;
  #whyNoModules: string | undefined;

  get main(): Btf {
    return kernelBtf();
  }

  /**
   * Returns the BTF of all loaded modules (5.11). Listing it needs CAP_SYS_ADMIN. Without this capability, the list is
   * empty, as in libbpf, because most objects need no module. whyNoModules then says so.
   */
  modules(): readonly ModuleBtf[] {
    try {
      this.#modules ??= readModules(this.main);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#whyNoModules = "the loaded modules were not searched, because listing their BTF needs CAP_SYS_ADMIN";
      this.#modules = [];
    }
    return this.#modules;
  }

  /** Why modules() could not list the modules, as a clause for the error of a failed search. */
  get whyNoModules(): string | undefined {
    return this.#whyNoModules;
  }

  /** Finds a type by name and kind in the kernel's own BTF, or else in the first module that has such a type. */
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
  // To find the BTF of modules, this function walks over all BTF objects of the kernel, including those of programs and
  // maps. Skip the walk if no module has BTF.
  if (kernelBtfModules().length === 0) return [];
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

/**
 * Returns the BTF with this id, which belongs to a loaded program, map or module; undefined if the BTF is gone. `base`
 * is the kernel's own BTF, which a module's BTF needs.
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

/**
 * Returns the BTF with this id as {@link loadedBtf} does. Opening BTF by its id needs CAP_SYS_ADMIN. Without it, this
 * function calls `onRefused` and returns undefined, because most uses of an object do not need its types.
 */
export function permittedBtf(id: number, onRefused?: () => void): Btf | undefined {
  try {
    return loadedBtf(id);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    onRefused?.();
    return undefined;
  }
}

/** Returns a function that prints a warning about types that cannot be read. It prints only the first warning. */
export function typesWarning(): (reason: string) => void {
  let hasWarned = false;
  return (reason) => {
    if (hasWarned) return;
    hasWarned = true;
    process.emitWarning(reason, { type: "BpftsTypesWarning", code: "BPFTS_NO_TYPES" });
  };
}
