import { UsageError } from "../../errors/index.ts";
import { Btf } from "../btf.ts";
import { FlatTypes } from "../dump/flat-types.ts";
import { encodeBlob } from "../encode-blob.ts";
import { STRINGS, WORDS } from "../memory-keys.ts";
import { visitNames, visitReferences } from "../type-fields.ts";
import { StringSet } from "./string-set.ts";

/**
 * Returns one BTF with the types of all `parts`, one part after the other, with new ids. Types are not deduplicated:
 * call {@link dedupBtf} for that. With a `base` the result is a split BTF, and each part must have the same base or
 * none. Throws UsageError if bases or byte orders differ.
 */
export function mergeBtf(parts: readonly Btf[], options: { readonly base?: Btf | undefined } = {}): Btf {
  const [first] = parts;
  if (first === undefined) throw new UsageError("mergeBtf needs at least one BTF");
  const { base } = options;
  const { little } = first;
  const strings = new StringSet(
    base,
    parts.reduce((sum, part) => sum + part[STRINGS].length, 0),
  );
  const words = new Uint32Array(parts.reduce((sum, part) => sum + part[WORDS].length, 0));
  let end = 0;
  let nextId = base?.endId ?? 1;
  for (const part of parts) {
    if (part.base !== undefined && part.base !== base) {
      throw new UsageError(
        `${part.source} is a split BTF, but the option 'base' is not the BTF that it was split from; set base to that BTF`,
      );
    }
    if (part.little !== little)
      throw new UsageError(`${part.source} and ${first.source} cannot be merged, because their byte orders differ`);
    new FlatTypes(part).check();
    words.set(part[WORDS], end);
    const shift = nextId - part.firstId;
    const addName = strings.adder(part[STRINGS]);
    for (const index of part.wordIndexes) {
      visitNames(words, end + index, (at) => {
        const old = words[at] as number;
        if (old !== 0 && old >= part.stringStart) words[at] = addName(old - part.stringStart);
      });
      visitReferences(words, end + index, (at) => {
        const old = words[at] as number;
        if (old !== 0 && old >= part.firstId) words[at] = old + shift;
      });
    }
    end += part[WORDS].length;
    nextId += part.endId - part.firstId;
  }
  const data = encodeBlob({ little, words: [words], strings: [strings.section] });
  return Btf.parse(data, { source: parts.map(({ source }) => source).join(" + "), base });
}
