import { type Btf, BtfKind, compileReader, type ReaderOptions, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import type { OnRecord } from "./event-source.ts";
import type { DecodeRecord } from "./record-stream.ts";

/** The type of the records in a ring. */
export interface RecordType extends ReaderOptions {
  /** The BTF that contains the type: of an object (`object.spec.btf`), of a program or of the kernel. */
  readonly btf: Btf | undefined;
  /**
   * The type's id or name. `struct event`, `union u` and `enum e` name a kind and a type; `event` alone means a struct,
   * union, typedef or int of this name.
   */
  readonly type: TypeId | string;
}

const RECORD_TYPE: OptionTable<Partial<RecordType>> = { btf: "object", type: "any", enums: ["numbers", "names"] };

const KEYWORDS: Readonly<Record<string, BtfKind>> = {
  struct: BtfKind.STRUCT,
  union: BtfKind.UNION,
  enum: BtfKind.ENUM,
};

/** Returns the id of a type that the caller gives by id or name. Throws UsageError if the BTF has no such type. */
export function findRecordType(btf: Btf, type: TypeId | string): TypeId {
  if (typeof type === "number") {
    btf.check(type);
    return type;
  }
  const [, keyword, name = ""] = /^(?:(struct|union|enum)\s+)?(\S.*)$/s.exec(type.trim()) ?? [];
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

/**
 * Returns a function that decodes records of a type. That function throws UsageError for a record that is shorter than
 * the type.
 */
export function recordDecoder(as: RecordType): DecodeRecord<unknown> {
  checkOptions("the type of records", as, RECORD_TYPE);
  const { btf, type, ...options } = as;
  if (typeof type !== "string" && typeof type !== "number") {
    throw new UsageError('the type of records must be a name or an id, for example { btf, type: "struct event" }');
  }
  if (btf === undefined) {
    throw new UsageError(`records cannot be decoded as ${type}: the object has no BTF; compile it with clang -g`);
  }
  const id = findRecordType(btf, type);
  const read = compileReader(btf, id, options);
  const size = btf.sizeOf(id);
  return (view, offset, length) => {
    if (length < size) throw new UsageError(`a record of ${length} bytes is shorter than ${type}, which takes ${size}`);
    return read(view, offset);
  };
}

/**
 * Returns a function that decodes each record and calls `onValue` with the result. Together with `openRingBuffer` this
 * is the fastest way to read decoded records.
 */
// biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the type decodes to
export function decoded<T = any>(as: RecordType, onValue: (value: T, cpu: number) => void): OnRecord {
  const decode = recordDecoder(as);
  return (view, offset, length, cpu) => onValue(decode(view, offset, length, cpu) as T, cpu);
}

/** Copies a record's bytes. */
export function copyRecord(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}
