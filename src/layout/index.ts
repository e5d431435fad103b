export { type CamelCase, camelCase } from "./camel-case.ts";
export { Bytes, decodeText, encodeCString, textUntilNul } from "./cursor.ts";
export { formatHex, parseHex } from "./hex.ts";
export { type InfoRecord, infoReader, newer, pointer } from "./info-record.ts";
export { type MemberReader, objectReader } from "./object-reader.ts";
export { type Fields, type Struct, type StructValue, struct } from "./struct.ts";
export { array, bytes, chars, flag, i32, i64, type Type, u8, u16, u32, u64, usize, type ValueOf } from "./types.ts";
export { signedWordReader, WordView, wordReader } from "./word-view.ts";
