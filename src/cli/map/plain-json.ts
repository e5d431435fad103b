import type { JsonValue } from "../output/json-writer.ts";

/** A decoded value as JSON: bytes that are no text become hexadecimal digits, integers of 64 bits stay exact. */
export function plainJson(value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "boolean":
    case "number":
    case "bigint":
    case "string":
      return value;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plainJson);
  return Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, plainJson(part)]));
}
