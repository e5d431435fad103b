import { UsageError } from "../errors/index.ts";

/** Returns a record's own property; undefined for properties that every object inherits, such as `toString`. */
export function ownValue<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/**
 * Returns the entry of a table for a name that the caller gave. For an unknown name, throws UsageError with the known
 * names. It also throws for names that every object inherits, such as `toString`. In the message, `what` stands for an
 * entry: it is a noun such as `metric`.
 */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  if (Object.hasOwn(table, name)) return table[name] as T;
  throw new UsageError(`there is no ${what} ${String(name)}; use one of ${Object.keys(table).join(", ")}`);
}
