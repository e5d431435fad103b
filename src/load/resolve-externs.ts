import { BtfKind, CoreBudget, essentialName, typesAreCompatible } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";
import type { KernelBtf } from "../kernel/index.ts";
import { hasBpfCookie, hasSyscallWrapper } from "../kernel/index.ts";
import { nearNames, ownValue } from "../layout/index.ts";
import type { ExternSpec, ObjectSpec } from "../object/index.ts";
import { kernelConfig, kernelSymbolAddresses, kernelVersion, parseKernelConfig } from "../sys/index.ts";

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

type Source<K> = Extract<ExternSpec["source"], { kind: K }>;

/** Looks up every extern of an object. Throws UsageError if the kernel lacks an extern that is not weak. */
export function resolveExterns(
  spec: ObjectSpec,
  kernel: KernelBtf,
  used: ReadonlySet<string>,
  options: { readonly kconfig?: string | undefined } = {},
): ResolvedExterns {
  if (Object.keys(spec.externs).length === 0) return { byName: new Map(), kconfig: undefined, fdArray: [] };
  const config = new Config(options.kconfig);
  const byName = new Map<string, ResolvedExtern | undefined>();
  const fdArray: number[] = [];
  const kconfigMap = Object.values(spec.maps).find(({ source }) => source === "kconfig");
  const kconfig = kconfigMap?.contents === undefined ? undefined : kconfigMap.contents.slice();
  const untyped: ExternSpec[] = [];
  for (const extern of Object.values(spec.externs)) {
    const { source } = extern;
    if (source.kind === "kconfig") {
      setKconfig(extern, source, kconfig ?? new Uint8Array(0), config);
      byName.set(extern.name, { kind: "kconfig", offset: source.offset });
    } else if (source.kind === "ksym" && source.typeId === 0) untyped.push(extern);
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

/** Returns the error for an extern that the kernel lacks. `near` returns similar names that the kernel has. */
function missing({ name }: ExternSpec, reason: string, near: () => readonly string[] = () => []): UsageError {
  return new UsageError(`extern ${name} is not resolved: ${reason}; declare it __weak if it may be missing`, {
    diagnose: () => {
      const names = near().join(", ");
      const facts = { symbol: name, reason: `extern ${name} is not resolved: ${reason}`, near: names || undefined };
      return diagnosisOf("kernel-symbol-missing", facts);
    },
  });
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

function typedVariable(
  spec: ObjectSpec,
  extern: ExternSpec,
  typeId: number,
  kernel: KernelBtf,
): ResolvedExtern | undefined {
  const found = kernel.find(extern.name, BtfKind.VAR);
  if (found === undefined) {
    if (extern.weak) return undefined;
    throw missing(extern, "the kernel's BTF has no variable of this name", () =>
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
    throw missing(extern, "the kernel has no function of this name that its BTF describes", () =>
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

/** Externs whose value this library computes, as libbpf does. */
const VIRTUAL: Readonly<Record<string, () => bigint>> = {
  LINUX_KERNEL_VERSION: () => BigInt(kernelVersion().code),
  LINUX_HAS_BPF_COOKIE: () => (hasBpfCookie() ? 1n : 0n),
  LINUX_HAS_SYSCALL_WRAPPER: () => (hasSyscallWrapper() ? 1n : 0n),
};

/** Writes an extern's value into the bytes for the map `.kconfig`. */
function setKconfig(extern: ExternSpec, source: Source<"kconfig">, into: Uint8Array, config: Config): void {
  const { name, weak } = extern;
  const virtual = ownValue(VIRTUAL, name);
  if (virtual !== undefined) setNumber(extern, source, into, virtual());
  else if (name.startsWith("CONFIG_")) setConfigured(extern, source, into, config);
  else if (!(name.startsWith("LINUX_") && weak)) {
    throw new UsageError(
      `extern ${name}: the name of a __kconfig extern must begin with CONFIG_ or be one of ${Object.keys(VIRTUAL).join(", ")}`,
    );
  }
}

/** Looks up options in the caller's configuration, then in the kernel's own. Reads the kernel's own only if needed. */
class Config {
  readonly #given: ReadonlyMap<string, string>;
  #kernel: { readonly values: ReadonlyMap<string, string> | undefined } | undefined;

  constructor(given: string | undefined) {
    this.#given = parseKernelConfig(given ?? "");
  }

  get(name: string): string | undefined {
    const own = this.#given.get(name);
    if (own !== undefined) return own;
    this.#kernel ??= { values: kernelConfig() };
    return this.#kernel.values?.get(name);
  }

  /** Whether the kernel's own configuration could be read. */
  get readable(): boolean {
    return this.#kernel?.values !== undefined;
  }
}

function setConfigured(extern: ExternSpec, source: Source<"kconfig">, into: Uint8Array, config: Config): void {
  const text = config.get(extern.name);
  if (text === undefined) {
    if (extern.weak) return;
    throw missing(
      extern,
      config.readable
        ? "the kernel's configuration does not set it"
        : "the kernel's configuration cannot be read (/boot/config-*, /proc/config.gz); give it in the option kconfig",
    );
  }
  if (text === "y" || text === "m" || text === "n") setTristate(extern, source, into, text);
  else if (text.startsWith('"')) setText(extern, source, into, text);
  else {
    const value = parseConfigNumber(text);
    if (value === undefined) {
      throw new UsageError(
        `extern ${extern.name}: its value in the kernel's configuration is ${text}, which is not y, n, m, a number or a quoted string`,
      );
    }
    setNumber(extern, source, into, value);
  }
}

function parseConfigNumber(text: string): bigint | undefined {
  return /^(0x[0-9a-fA-F]+|\d+)$/.test(text) ? BigInt(text) : /^-\d+$/.test(text) ? BigInt(text) : undefined;
}

function mismatch(extern: ExternSpec, source: Source<"kconfig">, text: string): UsageError {
  return new UsageError(
    `extern ${extern.name}: its type is ${source.type}, but the kernel's configuration has ${text}`,
  );
}

/** The numbers of enum libbpf_tristate. */
const TRISTATE = { n: 0, y: 1, m: 2 } as const;

function setTristate(extern: ExternSpec, source: Source<"kconfig">, into: Uint8Array, text: "y" | "m" | "n"): void {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  if (source.type === "bool" && text !== "m") view.setUint8(source.offset, text === "y" ? 1 : 0);
  else if (source.type === "tristate") view.setUint32(source.offset, TRISTATE[text], true);
  else if (source.type === "char") view.setUint8(source.offset, text.charCodeAt(0));
  else throw mismatch(extern, source, text);
}

function setText(extern: ExternSpec, source: Source<"kconfig">, into: Uint8Array, text: string): void {
  if (source.type !== "char_array") throw mismatch(extern, source, text);
  const end = text.endsWith('"') ? text.length - 1 : text.length;
  // If the text does not fit, truncate it, as libbpf does.
  const bytes = new TextEncoder().encode(text.slice(1, end)).subarray(0, source.size - 1);
  into.fill(0, source.offset, source.offset + source.size);
  into.set(bytes, source.offset);
}

function setNumber(extern: ExternSpec, source: Source<"kconfig">, into: Uint8Array, value: bigint): void {
  const { type, size, offset, signed } = source;
  if (type === "tristate" || type === "char_array") throw mismatch(extern, source, String(value));
  const bits = BigInt(size * 8);
  const fits = signed ? BigInt.asIntN(Number(bits), value) === value : BigInt.asUintN(Number(bits), value) === value;
  const whole = size === 8 && value >= -(2n ** 63n) && value < 2n ** 64n;
  if (!fits && !whole) throw new UsageError(`extern ${extern.name}: ${value} does not fit into its ${size} bytes`);
  for (let i = 0; i < size; i++) into[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}
