import { UsageError } from "../errors/index.ts";

/** bpftool's limit for the name of an object, without the NUL. */
const LONGEST_NAME = 63;
/** The longest line that {@link stringBytes} writes, in characters. */
const LINE_LENGTH = 78;

/** Replaces each byte that cannot be part of a C identifier by `_`. */
export function toIdentifier(name: string): string {
  let out = "";
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    out += /\w/.test(character) ? character : "_";
  }
  return out;
}

/**
 * Returns the name with which a skeleton's identifiers begin: `given`, or a name made from the file's name, such as
 * `counter_bpf` from `counter.bpf.o`. Throws UsageError if the name is not a C identifier.
 */
export function skeletonName(file: string, given: string | undefined): string {
  const name = given === undefined ? nameOfFile(file) : given.slice(0, LONGEST_NAME);
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    const remedy = given === undefined ? `; give another name than the one that comes from the file ${file}` : "";
    throw new UsageError(`'${name}' cannot be the name of a skeleton, because it is not a C identifier${remedy}`);
  }
  return name;
}

function nameOfFile(file: string): string {
  const name = new TextDecoder().decode(
    new TextEncoder().encode(file.slice(file.lastIndexOf("/") + 1)).subarray(0, LONGEST_NAME),
  );
  return toIdentifier(name.endsWith(".o") ? name.slice(0, -2) : name);
}

/** Returns the macro that guards a header against being included twice. */
export function headerGuard(name: string, suffix: "SKEL_H" | "SUBSKEL_H"): string {
  return `__${name}_${suffix}__`.toUpperCase();
}

/**
 * Returns the content of a C string literal, between its quotes, for these bytes. Each line but the last ends with a
 * backslash. The text is ASCII, in bytes because an object may be large.
 */
export function stringBytes(data: Uint8Array): Uint8Array {
  const digits = new TextEncoder().encode("0123456789abcdef");
  const BACKSLASH = 0x5c;
  const out = new Uint8Array(4 * data.length + 2 * (Math.ceil((4 * data.length) / (LINE_LENGTH - 3)) + 1));
  let length = 0;
  let column = 0;
  for (const byte of data) {
    const width = byte === 0 ? 2 : 4;
    column += width;
    if (column > LINE_LENGTH) {
      out[length++] = BACKSLASH;
      out[length++] = 0x0a;
      column = width;
    }
    out[length++] = BACKSLASH;
    if (byte === 0) {
      out[length++] = 0x30;
    } else {
      out[length++] = 0x78;
      out[length++] = digits[byte >>> 4] as number;
      out[length++] = digits[byte & 15] as number;
    }
  }
  return out.subarray(0, length);
}
