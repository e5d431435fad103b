import { UsageError } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";
import { hasBpfCookie, hasSyscallWrapper } from "../kernel/index.ts";
import { ownValue } from "../layout/index.ts";
import type { ExternSpec, ObjectSpec } from "../object/index.ts";
import { kernelConfig, kernelVersion, parseKernelConfig } from "../sys/index.ts";

/** Externs whose value this library computes, as libbpf does. */
const VIRTUAL: Readonly<Record<string, (options: KconfigOptions) => bigint>> = {
  LINUX_KERNEL_VERSION: () => BigInt(kernelVersion().code),
  LINUX_HAS_BPF_COOKIE: ({ anyKernel = false }) => (anyKernel || hasBpfCookie() ? 1n : 0n),
  LINUX_HAS_SYSCALL_WRAPPER: ({ anyKernel = false }) => (anyKernel || hasSyscallWrapper() ? 1n : 0n),
};

export interface KconfigOptions {
  /** Lines of the form `CONFIG_X=value`. They override the kernel's own configuration. */
  readonly kconfig?: string | undefined;
  /**
   * True if the object will be loaded on another kernel. As in libbpf, that kernel is then assumed to have all
   * features.
   */
  readonly anyKernel?: boolean | undefined;
}

/** The part of an extern's spec that says where its value is in the map `.kconfig`. */
type KconfigSource = Extract<ExternSpec["source"], { kind: "kconfig" }>;

/**
 * Returns the value of the map `.kconfig`, with the values of all `__kconfig` externs; undefined if the object has no
 * such map. Throws UsageError for an extern without a value, unless it is weak.
 */
export function kconfigContents(spec: ObjectSpec, options: KconfigOptions = {}): Uint8Array | undefined {
  const contents = Object.values(spec.maps)
    .find(({ source }) => source === "kconfig")
    ?.contents?.slice();
  if (contents === undefined) return undefined;
  const into = { bytes: contents, little: spec.byteOrder === "little" };
  const config = new Config(options.kconfig);
  for (const extern of Object.values(spec.externs)) {
    const virtual = ownValue(VIRTUAL, extern.name)?.(options);
    if (extern.source.kind === "kconfig") setKconfig(extern, extern.source, into, virtual ?? config);
  }
  return contents;
}

/** The value of the map `.kconfig`, and its byte order. */
interface Target {
  readonly bytes: Uint8Array;
  readonly little: boolean;
}

/** Writes an extern's value into the bytes for the map `.kconfig`. */
function setKconfig(extern: ExternSpec, source: KconfigSource, into: Target, value: bigint | Config): void {
  const { name, weak } = extern;
  if (typeof value === "bigint") setNumber(extern, source, into, value);
  else if (name.startsWith("CONFIG_")) setConfigured(extern, source, into, value);
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

function setConfigured(extern: ExternSpec, source: KconfigSource, into: Target, config: Config): void {
  const text = config.get(extern.name);
  if (text === undefined) {
    if (extern.weak) return;
    throw missing(
      extern,
      config.readable
        ? "the kernel's configuration does not set it"
        : "the kernel's configuration cannot be read (/boot/config-*, /proc/config.gz); give it in the option 'kconfig'",
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

function mismatch(extern: ExternSpec, source: KconfigSource, text: string): UsageError {
  return new UsageError(
    `extern ${extern.name}: its type is ${source.type}, but the kernel's configuration has ${text}`,
  );
}

/** The numbers of enum libbpf_tristate. */
const TRISTATE = { n: 0, y: 1, m: 2 } as const;

function setTristate(extern: ExternSpec, source: KconfigSource, into: Target, text: "y" | "m" | "n"): void {
  const { buffer, byteOffset, byteLength } = into.bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  if (source.type === "bool" && text !== "m") view.setUint8(source.offset, text === "y" ? 1 : 0);
  else if (source.type === "tristate") view.setUint32(source.offset, TRISTATE[text], into.little);
  else if (source.type === "char") view.setUint8(source.offset, text.charCodeAt(0));
  else throw mismatch(extern, source, text);
}

function setText(extern: ExternSpec, source: KconfigSource, into: Target, text: string): void {
  if (source.type !== "char_array") throw mismatch(extern, source, text);
  const end = text.endsWith('"') ? text.length - 1 : text.length;
  // If the text does not fit, truncate it, as libbpf does.
  const bytes = new TextEncoder().encode(text.slice(1, end)).subarray(0, source.size - 1);
  into.bytes.fill(0, source.offset, source.offset + source.size);
  into.bytes.set(bytes, source.offset);
}

function setNumber(extern: ExternSpec, source: KconfigSource, into: Target, value: bigint): void {
  const { type, size, offset, signed } = source;
  if (type === "tristate" || type === "char_array") throw mismatch(extern, source, String(value));
  const bits = BigInt(size * 8);
  const fits = signed ? BigInt.asIntN(Number(bits), value) === value : BigInt.asUintN(Number(bits), value) === value;
  const whole = size === 8 && value >= -(2n ** 63n) && value < 2n ** 64n;
  if (!fits && !whole) throw new UsageError(`extern ${extern.name}: ${value} does not fit into its ${size} bytes`);
  for (let i = 0; i < size; i++) {
    into.bytes[into.little ? offset + i : offset + size - 1 - i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
}

/** Returns the error for an extern that the kernel lacks. `near` returns similar names that the kernel has. */
export function missing({ name }: ExternSpec, reason: string, near: () => readonly string[] = () => []): UsageError {
  return new UsageError(`extern ${name} is not resolved: ${reason}; declare it __weak if it may be missing`, {
    diagnose: () => {
      const names = near().join(", ");
      const facts = { symbol: name, reason: `extern ${name} is not resolved: ${reason}`, near: names || undefined };
      return diagnosisOf("kernel-symbol-missing", facts);
    },
  });
}
