import { UsageError } from "../errors/index.ts";

/**
 * Returns what a table has under a name of the caller's. Throws UsageError with the names that there are, for names that
 * every object inherits (`toString`), too. `what` says what the table holds: `metric`.
 */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  if (Object.hasOwn(table, name)) return table[name] as T;
  throw new UsageError(`there is no ${what} ${String(name)}; there are ${Object.keys(table).join(", ")}`);
}
