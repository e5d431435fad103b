type CamelName<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelName<Tail>>}` : Name;

/** The type of a record after {@link camelCase}: `prog_id` becomes `progId`, in nested records too. */
export type CamelCase<T> = T extends Plain | readonly (infer _)[]
  ? T
  : T extends object
    ? { [K in keyof T as CamelName<K>]: CamelCase<T[K]> }
    : T;
type Plain = string | number | bigint | boolean | undefined | null | ArrayBufferView;

const names = new Map<string, string>();

/** Converts a name such as `prog_id` to camelCase (`progId`). */
export function camelName(name: string): string {
  let known = names.get(name);
  if (known === undefined) {
    known = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    names.set(name, known);
  }
  return known;
}

/** Copies a record and converts the kernel's names, such as `prog_id`, to camelCase, in nested records too. */
export function camelCase<T extends object>(record: T): CamelCase<T> {
  const out: Record<string, unknown> = {};
  for (const name in record) {
    const value = record[name];
    const isRecord = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    out[camelName(name)] = isRecord ? camelCase(value as object) : value;
  }
  return out as CamelCase<T>;
}

/** Does the reverse of {@link camelCase} for a flat record: `{ dataIn }` becomes `{ data_in }`. */
export function kernelCase<T extends object>(record: CamelCase<T>): T {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    out[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  return out as T;
}
