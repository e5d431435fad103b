import { UsageError } from "../errors/index.ts";

/**
 * The kind of value of an option. A value of kind `any` is not checked. `bytes` is a Uint8Array, and `signal` is an
 * AbortSignal. `natural` is a whole number from 0 to 2^53-1; `integer` may be negative; `u64` is a number or bigint
 * from 0 to 2^64-1. `texts`, `naturals` and `u64s` are arrays. An array of strings lists the accepted values.
 */
export type OptionKind =
  | "any"
  | "boolean"
  | "text"
  | "function"
  | "object"
  | "signal"
  | "bytes"
  | "natural"
  | "integer"
  | "u64"
  | "texts"
  | "naturals"
  | "u64s"
  | readonly string[];
/** The kind of an option that must be given. {@link required} makes it. */
export interface RequiredOption {
  readonly required: OptionKind;
}

/** Marks an option that must be given. */
export function required(kind: OptionKind): RequiredOption {
  return { required: kind };
}

/**
 * The kinds of all options of a function. The table must have a row for each option, and use {@link required} for an
 * option that must be given. The compiler checks both.
 */
export type OptionTable<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? OptionKind
    : undefined extends T[K]
      ? OptionKind
      : RequiredOption;
};

/**
 * Throws a UsageError for an unknown option and for a value of the wrong kind. Otherwise a misspelled option would be
 * ignored silently. `caller` is the function's name.
 */
export function checkOptions<T>(caller: string, options: unknown, table: OptionTable<T>): asserts options is T {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError(`the options of ${caller} must be an object, not ${describe(options)}`);
  }
  const rows = table as Readonly<Record<string, OptionKind | RequiredOption>>;
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rows, name)) {
      throw new UsageError(`${caller} has no option '${name}'; it has ${Object.keys(rows).join(", ")}`);
    }
    const row = rows[name] as OptionKind | RequiredOption;
    if (value !== undefined) checkValue(caller, name, value, isRequired(row) ? row.required : row);
  }
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, row] of Object.entries(rows)) {
    if (isRequired(row) && given[name] === undefined) throw new UsageError(`${caller} needs the option '${name}'`);
  }
}

function isRequired(row: OptionKind | RequiredOption): row is RequiredOption {
  return typeof row === "object" && "required" in row;
}

function checkValue(caller: string, name: string, value: unknown, kind: OptionKind): void {
  const needed = typeof kind === "string" ? CHECKS[kind](value) : wordCheck(kind)(value);
  if (needed !== undefined)
    throw new UsageError(`${caller}: the option '${name}' must be ${needed}, not ${describe(value)}`);
}

type Check = (value: unknown) => string | undefined;

function wordCheck(words: readonly string[]): Check {
  return (value) => (words.includes(value as string) ? undefined : `one of ${words.join(", ")}`);
}

const MAX_U64 = 2n ** 64n - 1n;

const CHECKS: Readonly<Record<Exclude<OptionKind, readonly string[]>, Check>> = {
  any: () => undefined,
  boolean: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  text: (value) => (typeof value === "string" ? undefined : "a string"),
  function: (value) => (typeof value === "function" ? undefined : "a function"),
  bytes: (value) => (value instanceof Uint8Array ? undefined : "a Uint8Array"),
  object: (value) => (typeof value === "object" && value !== null ? undefined : "an object"),
  signal: (value) => (isSignal(value) ? undefined : "an AbortSignal"),
  natural: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "a whole number of 0 or more",
  integer: (value) => (Number.isSafeInteger(value) ? undefined : "a whole number"),
  u64: (value) => (isU64(value) ? undefined : "a whole number from 0 to 2^64-1"),
  texts: (value) => eachIs(value, "text", "an array of strings"),
  naturals: (value) => eachIs(value, "natural", "an array of whole numbers of 0 or more"),
  u64s: (value) => eachIs(value, "u64", "an array of whole numbers from 0 to 2^64-1"),
};

function eachIs(value: unknown, kind: "text" | "natural" | "u64", needed: string): string | undefined {
  return Array.isArray(value) && value.every((one) => CHECKS[kind](one) === undefined) ? undefined : needed;
}

function isSignal(value: unknown): boolean {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}

function isU64(value: unknown): boolean {
  if (typeof value === "bigint") return value >= 0n && value <= MAX_U64;
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : `an object (${value.constructor?.name ?? "without a class"})`;
}
