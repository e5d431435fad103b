import type { Btf } from "../btf.ts";
import type { TypeId } from "../types.ts";
import { ByteSink, collectText } from "./byte-sink.ts";
import { FlatTypes } from "./flat-types.ts";
import { RawJson } from "./raw-json.ts";
import { printRawText } from "./raw-text.ts";

/** Which types to print, and how. */
export interface RawFormatOptions {
  /** Print only these types. Without it all types of the BTF itself are printed, not those of its base. */
  readonly roots?: Iterable<TypeId> | undefined;
  /** `text` (if left out), JSON in one line, or JSON with a line for each field. */
  readonly style?: "text" | "json" | "pretty-json" | undefined;
  /** True: sign-extend unsigned enumerators above 2^31 to 64 bits in JSON, as bpftool 7.8 does by mistake. */
  readonly likeBpftool?: boolean | undefined;
}

/** Returns types as `bpftool btf dump … format raw` prints them. JSON has no line end. Throws FormatError. */
export function formatRaw(btf: Btf, options: RawFormatOptions = {}): string {
  return collectText((write) => writeRaw(btf, write, options));
}

/** Writes what {@link formatRaw} returns, piece by piece; a piece is valid only until `write` returns. */
export function writeRaw(btf: Btf, write: (piece: Uint8Array) => void, options: RawFormatOptions = {}): void {
  const types = new FlatTypes(btf);
  types.check();
  const roots = options.roots === undefined ? btf.ids() : checked(btf, options.roots);
  const out = new ByteSink(write);
  if (options.style === undefined || options.style === "text") {
    for (const id of roots) printRawText(types, id, out);
  } else {
    const isPretty = options.style === "pretty-json";
    new RawJson(types, out, { isPretty, likeBpftool: options.likeBpftool === true }).write(roots);
  }
  out.flush();
}

function checked(btf: Btf, roots: Iterable<TypeId>): TypeId[] {
  const ids = [...roots];
  for (const id of ids) btf.check(id);
  return ids;
}
