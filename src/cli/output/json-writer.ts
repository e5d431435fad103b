import { escapeControls } from "../../layout/index.ts";

/** A value for JSON output. Undefined members are left out. An iterable is written as an array and read only once. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | RawText
  | Formatted
  | Iterable<JsonValue>
  | { readonly [key: string]: JsonValue | undefined };

/** Text that is already formatted. It is written unchanged. */
export class RawText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * A value with its own formatter. The argument of the formatter is the line end with the value's indentation; undefined
 * means the compact style.
 */
export class Formatted {
  readonly format: (eol: string | undefined) => string;
  constructor(format: (eol: string | undefined) => string) {
    this.format = format;
  }
}

/**
 * Formats a value as bpftool does. The compact style has no spaces. The pretty style has four spaces a level; the
 * elements of an array share a line, and the closing bracket is on the next line. The text has no line end.
 */
export function formatJson(value: JsonValue, pretty = false): string {
  return write(value, pretty ? "\n" : undefined);
}

/**
 * Formats a value that is part of another value. `eol` is the line end with the indentation; undefined means the
 * compact style.
 */
export function formatNested(value: JsonValue, eol: string | undefined): string {
  return write(value, eol);
}

function write(value: JsonValue, eol: string | undefined): string {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "number":
      if (!Number.isFinite(value)) return "null";
      return String(value);
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value === null) return "null";
  if (value instanceof RawText) return value.text;
  if (value instanceof Formatted) return value.format(eol);
  return Symbol.iterator in value
    ? writeArray(value as Iterable<JsonValue>, eol)
    : writeObject(value as { readonly [key: string]: JsonValue | undefined }, eol);
}

const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Escapes the same characters as bpftool, and also control characters and lone surrogates, which bpftool does not
 * escape.
 */
function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return escapeControls(JSON.stringify(text));
}

function writeArray(values: Iterable<JsonValue>, eol: string | undefined): string {
  const inner = eol === undefined ? undefined : `${eol}    `;
  let text = "[";
  let filled = false;
  for (const value of values) {
    if (filled) text += ",";
    text += write(value, inner);
    filled = true;
  }
  return `${text}${filled ? (eol ?? "") : ""}]`;
}

function writeObject(members: { readonly [key: string]: JsonValue | undefined }, eol: string | undefined): string {
  const inner = eol === undefined ? undefined : `${eol}    `;
  const colon = eol === undefined ? ":" : ": ";
  let text = "{";
  let filled = false;
  for (const key in members) {
    const value = members[key];
    if (value === undefined) continue;
    text += `${filled ? "," : ""}${inner ?? ""}${quoted(key)}${colon}${write(value, inner)}`;
    filled = true;
  }
  return `${text}${filled ? (eol ?? "") : ""}}`;
}

/** Turns a decoded value into JSON. Bytes become hexadecimal digits, and 64-bit integers stay exact. */
export function decodedJson(value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "boolean":
    case "number":
    case "bigint":
    case "string":
      return value;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(decodedJson);
  return Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, decodedJson(part)]));
}
