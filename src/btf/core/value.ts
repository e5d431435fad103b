import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { CoreRelocationKind, coreRelocationSubject } from "../core-relocation.ts";
import { BtfKind, type BtfMember, type TypeId } from "../types.ts";
import { type CoreSpec, coreSizeOf, formatCoreSpec } from "./spec.ts";
import { elementType, memberAt } from "./type-access.ts";

const K = CoreRelocationKind;

/** The value of a relocation, computed either from the local types or from the target's types. */
export interface CoreValue {
  /** The value for the instruction as an unsigned 64-bit number, negative ones in two's complement. */
  readonly value: bigint;
  /**
   * False if the compiler may rightly have written another value into the instruction. The loader must then not compare
   * the two values.
   */
  readonly validate: boolean;
  /**
   * Only for a relocation of the byte offset of a member or array element: the number of bytes that a load of this
   * member moves, and the type of the member. Both are 0 for bitfields and for all other relocations.
   */
  readonly size: number;
  readonly typeId: TypeId;
}

/**
 * Computes the value of a relocation from its specification. `spec` is undefined if the target has no match. The result
 * is undefined if no value would be right; the instruction must then be poisoned. Throws FormatError if the value
 * cannot be expressed.
 */
export function coreValue(kind: CoreRelocationKind, spec: CoreSpec | undefined): CoreValue | undefined {
  switch (coreRelocationSubject(kind)) {
    case "field":
      if (kind === K.BPF_CORE_FIELD_EXISTS) return plain(spec === undefined ? 0 : 1);
      return spec && fieldValue(kind, spec);
    case "enumerator":
      if (kind === K.BPF_CORE_ENUMVAL_EXISTS) return plain(spec === undefined ? 0 : 1);
      return spec && plain(enumeratorValue(kind, spec));
    default:
      // A missing type gives 0, not poison. This also works for a size or an id, because 0 is never a valid size or id.
      return spec === undefined ? plain(0) : typeValue(kind, spec);
  }
}

function plain(value: number | bigint, validate = true): CoreValue {
  return { value: BigInt.asUintN(64, BigInt(value)), validate, size: 0, typeId: 0 };
}

function typeValue(kind: CoreRelocationKind, spec: CoreSpec): CoreValue {
  switch (kind) {
    // Linking objects changes type ids, so the id in the instruction must not be checked.
    case K.BPF_CORE_TYPE_ID_TARGET:
      return plain(spec.rootTypeId, false);
    case K.BPF_CORE_TYPE_SIZE:
      return plain(coreSizeOf(spec.btf, spec.rootTypeId));
    case K.BPF_CORE_TYPE_EXISTS:
    case K.BPF_CORE_TYPE_MATCHES:
      return plain(1);
    default:
      throw specError(spec, "has a relocation kind that does not apply to a type");
  }
}

function enumeratorValue(kind: CoreRelocationKind, spec: CoreSpec): bigint {
  if (kind !== K.BPF_CORE_ENUMVAL_VALUE)
    throw specError(spec, "has a relocation kind that does not apply to an enumerator");
  const { typeId, index } = spec.accessors[0]!;
  const type = spec.btf.type(typeId);
  // The number is sign-extended even in an unsigned enum, because the 32-bit immediate of the instruction is
  // sign-extended.
  if (type.kind === "enum") return BigInt((type.values[index]?.value ?? 0) | 0);
  return type.kind === "enum64" ? (type.values[index]?.value ?? 0n) : 0n;
}

function fieldValue(kind: CoreRelocationKind, spec: CoreSpec): CoreValue {
  const accessor = spec.accessors.at(-1)!;
  return accessor.name === undefined ? elementValue(kind, spec, accessor.typeId) : memberValue(kind, spec);
}

/** Computes a value for `a[n]`: the last accessor is an array element or the root itself. */
function elementValue(kind: CoreRelocationKind, spec: CoreSpec, typeId: TypeId): CoreValue {
  switch (kind) {
    case K.BPF_CORE_FIELD_BYTE_OFFSET:
      return {
        ...plain(Math.floor(spec.bitOffset / 8)),
        size: coreSizeOf(spec.btf, innermostElement(spec.btf, typeId)),
        typeId,
      };
    case K.BPF_CORE_FIELD_BYTE_SIZE:
      return plain(coreSizeOf(spec.btf, typeId));
    default:
      throw specError(spec, "has a relocation kind that does not apply to an array element");
  }
}

function memberValue(kind: CoreRelocationKind, spec: CoreSpec): CoreValue {
  const { btf } = spec;
  const member = lastMember(spec);
  const typeId = btf.resolve(member.type);
  const bitfield = member.bitSize > 0;
  const { byteOffset, byteSize } = bitfield
    ? bitfieldUnit(spec, member, typeId)
    : { byteOffset: Math.floor(spec.bitOffset / 8), byteSize: coreSizeOf(btf, typeId) };
  const bitSize = bitfield ? member.bitSize : byteSize * 8;
  switch (kind) {
    case K.BPF_CORE_FIELD_BYTE_OFFSET:
      if (bitfield) return plain(byteOffset, false);
      return { ...plain(byteOffset), size: coreSizeOf(btf, innermostElement(btf, typeId)), typeId };
    case K.BPF_CORE_FIELD_BYTE_SIZE:
      return plain(byteSize, !bitfield);
    case K.BPF_CORE_FIELD_SIGNED:
      return plain(isSigned(btf, typeId) ? 1 : 0);
    case K.BPF_CORE_FIELD_LSHIFT_U64: {
      const before = spec.bitOffset - byteOffset * 8;
      // `shift` is the number of bits above the field. In little-endian memory these bits come after the field, in
      // big-endian memory before it.
      const shift = btf.little ? 64 - (before + bitSize) : (8 - byteSize) * 8 + before;
      return plain(shift >>> 0, !bitfield);
    }
    case K.BPF_CORE_FIELD_RSHIFT_U64:
      return plain((64 - bitSize) >>> 0);
    default:
      throw specError(spec, "has a relocation kind that does not apply to a member");
  }
}

/** Finds the smallest aligned unit that covers a bitfield: at least as large as the declared type, at most 8 bytes. */
function bitfieldUnit(spec: CoreSpec, member: BtfMember, typeId: TypeId): { byteOffset: number; byteSize: number } {
  let byteSize = spec.btf.sizeField(typeId);
  if (byteSize === 0) throw specError(spec, "is a bitfield of a type without a size");
  const first = Math.floor(spec.bitOffset / 8);
  for (;;) {
    const byteOffset = first - (first % byteSize);
    if (spec.bitOffset + member.bitSize <= (byteOffset + byteSize) * 8) return { byteOffset, byteSize };
    if (byteSize >= 8) throw specError(spec, "is a bitfield that no 64-bit load covers");
    byteSize *= 2;
  }
}

function isSigned(btf: Btf, id: TypeId): boolean {
  const type = btf.type(id);
  return (type.kind === "enum" || type.kind === "enum64" || type.kind === "int") && type.signed;
}

function lastMember(spec: CoreSpec): BtfMember {
  const { typeId, index } = spec.accessors.at(-1)!;
  const member = memberAt(spec.btf, typeId, index);
  if (member === undefined) throw specError(spec, "has no member");
  return member;
}

/** Skips all dimensions of an array: a load of an array member moves one element. */
function innermostElement(btf: Btf, id: TypeId): TypeId {
  let at = btf.resolve(id);
  // Each round skips one dimension. coreSizeOf() has already rejected arrays with more than 32 dimensions.
  for (let depth = 0; depth < 32 && btf.kind(at) === BtfKind.ARRAY; depth++) at = btf.resolve(elementType(btf, at));
  return at;
}

function specError(spec: CoreSpec, problem: string): FormatError {
  return new FormatError({ source: spec.btf.source }, `${formatCoreSpec(spec)} ${problem}`);
}
