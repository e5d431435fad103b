export { type CamelCase, camelCase, camelName, kernelCase } from "./camel-case.ts";
export { Bytes, decodeText, encodeCString, textUntilNul } from "./cursor.ts";
export { escapeControls, escapedControl } from "./escape-controls.ts";
export { decodeFileName, encodeFileName, isPlainFileName } from "./file-name.ts";
export { formatHex, hexByte, parseHex } from "./hex.ts";
export { type InfoRecord, infoReader, type Newer, newer, type Pointer, pointer } from "./info-record.ts";
export { lookUp, ownValue } from "./look-up.ts";
export { hasWildcard, namePattern, withoutEndSlashes } from "./name-pattern.ts";
export { didYouMean, nearNames } from "./near-names.ts";
export { type MemberReader, objectReader } from "./object-reader.ts";
export { beginsWith, StringBudget, StringSection } from "./string-section.ts";
export { type Fields, type FieldsOf, type Struct, type StructValue, struct } from "./struct.ts";
export {
  addFlags,
  array,
  bytes,
  chars,
  checkI32,
  checkRange,
  checkU16,
  checkU32,
  checkU64,
  flag,
  i32,
  i64,
  type Type,
  u8,
  u16,
  u32,
  u64,
  usize,
  type ValueOf,
  writeU32,
  writeU64,
} from "./types.ts";
export { withArticle } from "./with-article.ts";
export { signedWordReader, WordView, wordReader } from "./word-view.ts";
