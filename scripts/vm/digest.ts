// Reads files with the pure rooms. Prints the name of each file and the SHA-256 of what was read. The output must be
// the same on every machine.
//
//   node .build/scripts/vm/digest.js FILE…     objects (*.o) and blobs of BTF
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Btf, formatType } from "../../src/btf/index.ts";
import { parseObject } from "../../src/object/index.ts";

/** Converts values that JSON cannot represent: 64-bit numbers, bytes and BTF. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Btf) return [...typeTexts(value)];
  if (value instanceof Map) return [...value];
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  return value;
}

function* typeTexts(btf: Btf): Iterable<string> {
  for (const id of btf.ids()) yield `${JSON.stringify(btf.type(id), plain)} ${formatType(btf, id)}`;
}

function* texts(file: string): Iterable<string> {
  const bytes = new Uint8Array(readFileSync(file));
  if (file.endsWith(".o")) yield JSON.stringify(parseObject(bytes, { source: basename(file) }), plain);
  else yield* typeTexts(Btf.parse(bytes, { source: basename(file) }));
}

for (const file of process.argv.slice(2)) {
  const hash = createHash("sha256");
  try {
    for (const text of texts(file)) hash.update(`${text}\n`);
  } catch (error) {
    hash.update(String(error));
  }
  console.log(`${basename(file)} ${hash.digest("hex")}`);
}
