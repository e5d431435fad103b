import { type Btf, BtfKind, compileReader, type ReaderOptions, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import type { OnRecord } from "./event-source.ts";
import type { DecodeRecord } from "./record-stream.ts";

/** What the records of a ring are, where they are to be decoded. */
export interface RecordType extends ReaderOptions {
  /** Where the type is found: the object's, a program's, or the kernel's BTF. */
  readonly btf: Btf;
  /** Its number, or its name: `struct event`, `union u`, `event` (a struct, or else a typedef of that name). */
  readonly type: TypeId | string;
}

const KEYWORDS: Readonly<Record<string, BtfKind>> = {
  struct: BtfKind.STRUCT,
  union: BtfKind.UNION,
  enum: BtfKind.ENUM,
};

/** The type that a name means. Throws UsageError where the BTF has none. */
export function findRecordType(btf: Btf, type: TypeId | string): TypeId {
  if (typeof type === "number") {
    btf.check(type);
    return type;
  }
  const [, keyword, name = ""] = /^(?:(struct|union|enum)\s+)?(.+)$/.exec(type.trim()) ?? [];
  const kinds =
    keyword === undefined
      ? [BtfKind.STRUCT, BtfKind.UNION, BtfKind.TYPEDEF, BtfKind.INT]
      : [KEYWORDS[keyword] as BtfKind];
  for (const kind of kinds) {
    const id = btf.find(name, kind);
    if (id !== undefined) return id;
  }
  throw new UsageError(`there is no type "${type}" in the BTF (${btf.source})`);
}

/** Decodes records of a type. A record that is shorter than the type is a UsageError; what it has beyond is ignored. */
export function recordDecoder({ btf, type, ...options }: RecordType): DecodeRecord<unknown> {
  const id = findRecordType(btf, type);
  const read = compileReader(btf, id, options);
  const size = btf.sizeOf(id);
  return (view, offset, length) => {
    if (length < size) throw new UsageError(`a record of ${length} bytes is shorter than ${type}, which takes ${size}`);
    return read(view, offset);
  };
}

/** Hands each record to `onValue` decoded: the fastest way to decoded records, for {@link openRingBuffer} and its like. */
// biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
export function decoded<T = any>(as: RecordType, onValue: (value: T, cpu: number) => void): OnRecord {
  const decode = recordDecoder(as);
  return (view, offset, length, cpu) => onValue(decode(view, offset, length, cpu) as T, cpu);
}

/** Copies a record's bytes. */
export function copyRecord(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}
