import { BtfKind, CoreBudget, essentialName, typesAreCompatible } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";
import type { KernelBtf } from "../kernel/index.ts";
import { nearNames } from "../layout/index.ts";
import type { ExternSpec, ObjectSpec } from "../object/index.ts";
import { kernelSymbolAddresses } from "../sys/index.ts";
import { kconfigContents, missing } from "./kconfig.ts";

/** The kernel's definition of an extern. A weak extern that the kernel lacks has no definition. */
export type ResolvedExtern =
  /** A value in the map `.kconfig`, at this offset. */
  | { readonly kind: "kconfig"; readonly offset: number }
  /** A typed kernel variable. `btfFd` is the fd of its module's BTF; 0 if the kernel itself has the variable. */
  | { readonly kind: "btf"; readonly id: number; readonly btfFd: number }
  /** The address of an untyped kernel symbol, or a constant. */
  | { readonly kind: "address"; readonly address: bigint }
  /**
   * A kernel function. `fdIndex` is the index of its module's BTF in the program's fd_array; 0 if the kernel itself has
   * the function.
   */
  | { readonly kind: "kfunc"; readonly id: number; readonly btfFd: number; readonly fdIndex: number };

export interface ResolvedExterns {
  readonly byName: ReadonlyMap<string, ResolvedExtern | undefined>;
  /** The bytes for the map `.kconfig`; undefined if the object has no such map. */
  readonly kconfig: Uint8Array | undefined;
  /**
   * The fd_array for the programs. It has the fds of modules' BTF from index 1 on, and is empty if no module is used.
   */
  readonly fdArray: readonly number[];
}

/** Looks up every extern of an object. Throws UsageError if the kernel lacks an extern that is not weak. */
export function resolveExterns(
  spec: ObjectSpec,
  kernel: KernelBtf,
  used: ReadonlySet<string>,
  options: { readonly kconfig?: string | undefined } = {},
): ResolvedExterns {
  if (Object.keys(spec.externs).length === 0) return { byName: new Map(), kconfig: undefined, fdArray: [] };
  const byName = new Map<string, ResolvedExtern | undefined>();
  const fdArray: number[] = [];
  const kconfig = kconfigContents(spec, options);
  const untyped: ExternSpec[] = [];
  for (const extern of Object.values(spec.externs)) {
    const { source } = extern;
    if (source.kind === "kconfig") byName.set(extern.name, { kind: "kconfig", offset: source.offset });
    else if (source.kind === "ksym" && source.typeId === 0) untyped.push(extern);
    else if (source.kind === "ksym") byName.set(extern.name, typedVariable(spec, extern, source.typeId, kernel));
    else if (source.kind === "kfunc") byName.set(extern.name, kfunc(spec, extern, source.typeId, kernel, fdArray));
    else if (used.has(extern.name)) byName.set(extern.name, constant(extern, source.value));
  }
  // Look up all symbols in one pass over /proc/kallsyms.
  const symbols = untyped.length === 0 ? new Map() : kernelSymbolAddresses([...untyped.map(({ name }) => name), TEXT]);
  const visibility = addressVisibility(symbols.get(TEXT));
  for (const extern of untyped) {
    const address = ksymAddress(extern, symbols.get(extern.name), visibility);
    byName.set(extern.name, address === undefined ? undefined : { kind: "address", address });
  }
  return { byName, kconfig, fdArray };
}

/** A symbol that every kernel has: the start of its code. */
const TEXT = "_stext";

/** Whether this process sees the addresses of the kernel's symbols. Without /proc it sees no symbols at all. */
export type AddressVisibility = "visible" | "hidden" | "no symbols";

function addressVisibility(text: ReadonlySet<bigint> | undefined): AddressVisibility {
  if (text === undefined) return "no symbols";
  return text.has(0n) ? "hidden" : "visible";
}

/**
 * Returns the address of a ksym without a type. Returns undefined if the ksym is weak and the kernel lacks it. Throws
 * UsageError for other ksyms that the kernel lacks.
 */
export function ksymAddress(
  extern: ExternSpec,
  addresses: ReadonlySet<bigint> | undefined,
  visibility: AddressVisibility,
): bigint | undefined {
  const [address, other] = addresses ?? [];
  if (visibility === "no symbols") {
    throw new UsageError(
      `extern ${extern.name} cannot be looked up: /proc/kallsyms has no symbols; mount /proc if it is missing`,
    );
  }
  if (address === undefined && !extern.weak) throw missing(extern, "/proc/kallsyms has no symbol of this name");
  if (other !== undefined) {
    throw new UsageError(`extern ${extern.name} is ambiguous: several kernel symbols have this name`);
  }
  if (address === 0n && visibility === "hidden") {
    throw new UsageError(
      `extern ${extern.name}: the kernel hides its addresses (sysctl kernel.kptr_restrict, or CAP_SYSLOG is missing)`,
      { diagnose: () => diagnosisOf("kernel-addresses-hidden", { symbol: extern.name }) },
    );
  }
  return address;
}

/** Returns names in the kernel's own BTF that are similar to the name of a missing variable or function. */
function nearInBtf(name: string, kind: BtfKind, kernel: KernelBtf): readonly string[] {
  const { main } = kernel;
  return nearNames(
    name,
    main.idsOf(kind).map((id) => main.name(id)),
  );
}

function constant(extern: ExternSpec, value: bigint | undefined): ResolvedExtern | undefined {
  if (value !== undefined) return { kind: "address", address: value };
  if (extern.weak) return undefined;
  throw new UsageError(
    `extern ${extern.name} has no value: set spec.externs.${extern.name}.source.value before loading`,
  );
}

/** Adds to a reason why the kernel's modules were not searched, if so. */
function notFound(reason: string, { whyNoModules }: KernelBtf): string {
  return whyNoModules === undefined ? reason : `${reason} (${whyNoModules})`;
}

function typedVariable(
  spec: ObjectSpec,
  extern: ExternSpec,
  typeId: number,
  kernel: KernelBtf,
): ResolvedExtern | undefined {
  const found = kernel.find(extern.name, BtfKind.VAR);
  if (found === undefined) {
    if (extern.weak) return undefined;
    throw missing(extern, notFound("the kernel's BTF has no variable of this name", kernel), () =>
      nearInBtf(extern.name, BtfKind.VAR, kernel),
    );
  }
  const target = found.btf.resolve(found.btf.target(found.id));
  if (spec.btf !== undefined && !typesAreCompatible(spec.btf, typeId, found.btf, target, new CoreBudget(extern.name))) {
    throw new UsageError(`extern ${extern.name}: the kernel's variable has another type`);
  }
  return { kind: "btf", id: found.id, btfFd: found.module?.fd.number ?? 0 };
}

/** The largest index into fd_array: a call instruction has a signed 16-bit field for it. */
const MOST_MODULES = 0x7fff;

function kfunc(
  spec: ObjectSpec,
  extern: ExternSpec,
  protoId: number,
  kernel: KernelBtf,
  fdArray: number[],
): ResolvedExtern | undefined {
  const name = essentialName(extern.name);
  const found = kernel.find(name, BtfKind.FUNC);
  if (found === undefined) {
    if (extern.weak) return undefined;
    throw missing(extern, notFound("the kernel has no function of this name that its BTF describes", kernel), () =>
      nearInBtf(name, BtfKind.FUNC, kernel),
    );
  }
  if (
    spec.btf !== undefined &&
    !typesAreCompatible(spec.btf, protoId, found.btf, found.btf.target(found.id), new CoreBudget(extern.name))
  ) {
    if (extern.weak) return undefined;
    throw new UsageError(`extern ${extern.name}: the kernel's function takes or returns other types`);
  }
  const btfFd = found.module?.fd.number ?? 0;
  let fdIndex = 0;
  if (btfFd !== 0) {
    if (fdArray.length === 0) fdArray.push(0);
    fdIndex = fdArray.indexOf(btfFd, 1);
    if (fdIndex < 0) fdIndex = fdArray.push(btfFd) - 1;
    if (fdIndex > MOST_MODULES) throw new UsageError("the object calls functions of more than 32,767 kernel modules");
  }
  return { kind: "kfunc", id: found.id, btfFd, fdIndex };
}
