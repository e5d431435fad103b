import type { Btf } from "../btf.ts";
import type { TypeId } from "../types.ts";
import { ByteSink, decodePieces } from "./byte-sink.ts";
import { FlatTypes } from "./flat-types.ts";
import { RawJson } from "./raw-json.ts";
import { printRawText } from "./raw-text.ts";
import { limitOutput } from "./work-limit.ts";

/**
 * The most bytes of output for each byte of the types. The indented JSON of a kernel's types has 12 bytes of output for
 * each byte.
 */
const OUTPUT_PER_BYTE = 32;

/** Which types to print, and how. */
export interface RawFormatOptions {
  /** Print only these types. By default all types of the BTF are printed, but not those of its base. */
  readonly roots?: Iterable<TypeId> | undefined;
  /** `text` (default), JSON in one line, or JSON with a line for each field. */
  readonly style?: "text" | "json" | "pretty-json" | undefined;
  /** If true, unsigned enumerators above 2^31 are sign-extended to 64 bits in JSON. bpftool 7.8 has this bug. */
  readonly likeBpftool?: boolean | undefined;
}

/** Returns types as `bpftool btf dump … format raw` prints them. JSON has no newline at its end. Throws FormatError. */
export function formatRaw(btf: Btf, options: RawFormatOptions = {}): string {
  return decodePieces(formatRawPieces(btf, options));
}

/**
 * Does the same as {@link formatRaw}, but yields pieces of UTF-8, because the JSON of a kernel has 30 MB. Throws
 * FormatError immediately, before the first piece.
 */
export function formatRawPieces(btf: Btf, options: RawFormatOptions = {}): Iterable<Uint8Array> {
  const types = new FlatTypes(btf);
  types.check();
  const roots = options.roots === undefined ? btf.ids() : checked(btf, options.roots);
  return print(types, roots, options);
}

function* print(types: FlatTypes, roots: Iterable<TypeId>, options: RawFormatOptions): Generator<Uint8Array> {
  const { style = "text", likeBpftool = false } = options;
  const pieces: Uint8Array[] = [];
  const out = new ByteSink(limitOutput(types, OUTPUT_PER_BYTE, (piece) => pieces.push(piece.slice())));
  const json =
    style === "text" ? undefined : new RawJson(types, out, { isPretty: style === "pretty-json", likeBpftool });
  json?.begin();
  for (const id of roots) {
    if (json === undefined) printRawText(types, id, out);
    else json.add(id);
    if (pieces.length > 0) yield* pieces.splice(0);
  }
  json?.end();
  out.flush();
  yield* pieces;
}

function checked(btf: Btf, roots: Iterable<TypeId>): TypeId[] {
  const ids = [...roots];
  for (const id of ids) btf.check(id);
  return ids;
}
