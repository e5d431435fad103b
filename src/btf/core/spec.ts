import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import {
  type CoreRelocation,
  type CoreRelocationKind,
  coreRelocationKindText,
  coreRelocationSubject,
} from "../core-relocation.ts";
import type { TypeId } from "../types.ts";
import { describeType, isComposite, memberAt, shortName } from "./type-access.ts";

/**
 * The most indices in an access string, and the most steps to a member of the target (libbpf's BPF_CORE_SPEC_MAX_LEN).
 */
export const MAX_SPEC_LENGTH = 64;

/** A step of an access as the programmer wrote it: a named member, an array index or an enumerator. */
export interface CoreAccessor {
  /** The struct or union that has the member, the array's element type, or the enum. */
  readonly typeId: TypeId;
  readonly index: number;
  /** The member's or enumerator's name; undefined for an array index. */
  readonly name: string | undefined;
}

/** The access that a relocation describes, in the local types or in the types of a candidate. */
export interface CoreSpec {
  readonly btf: Btf;
  readonly kind: CoreRelocationKind;
  /** The type that the relocation itself names. Its typedefs and modifiers are not skipped. */
  readonly rootTypeId: TypeId;
  /**
   * The first accessor is the index of the root itself (`&p[0]`); for an enum, the only accessor is the enumerator. The
   * list is empty for a relocation of a whole type.
   */
  readonly accessors: CoreAccessor[];
  /** The access string for this BTF as numbers. It contains all indices, including those of anonymous members. */
  readonly raw: number[];
  /** Offset from the root's start in bits, wrapped to 32 bits as in libbpf. */
  bitOffset: number;
}

/** Resolves a relocation's access string in the object's own types. Throws FormatError if an index does not exist. */
export function parseCoreSpec(btf: Btf, relocation: CoreRelocation): CoreSpec {
  const { kind, typeId } = relocation;
  const subject = coreRelocationSubject(kind);
  const fail = (problem: string): never => {
    throw relocationError(btf, relocation, problem);
  };
  const spec: CoreSpec = { btf, kind, rootTypeId: typeId, accessors: [], raw: [], bitOffset: 0 };
  if (subject === undefined) return fail(`the relocation kind ${kind} is unknown`);
  if (subject === "type")
    return relocation.accessString === "0"
      ? spec
      : fail('a relocation of a whole type must have the access string "0"');
  const raw = parseAccessString(relocation.accessString);
  if (raw === undefined) return fail(NOT_ACCESS_STRING);
  spec.raw.push(...raw);

  let id = btf.resolve(typeId);
  const first = raw[0]!;
  if (subject === "enumerator") {
    const type = btf.type(id);
    if (type.kind !== "enum" && type.kind !== "enum64") return fail("the type is not an enum");
    const value = raw.length === 1 ? type.values[first] : undefined;
    if (value === undefined) return fail("the enum does not have this enumerator");
    spec.accessors.push({ typeId: id, index: first, name: value.name });
    return spec;
  }

  spec.accessors.push({ typeId: id, index: first, name: undefined });
  spec.bitOffset = bitsOf(first, coreSizeOf(btf, id));
  for (const index of raw.slice(1)) {
    id = btf.resolve(id);
    if (isComposite(btf.kind(id))) {
      const member = memberAt(btf, id, index);
      if (member === undefined) return fail(`${describeType(btf, id)} has no member number ${index}`);
      spec.bitOffset = (spec.bitOffset + member.bitOffset) >>> 0;
      if (member.name !== "") spec.accessors.push({ typeId: id, index, name: member.name });
      id = member.type;
      continue;
    }
    const type = btf.type(id);
    if (type.kind !== "array") return fail(`${describeType(btf, id)} has no members`);
    if (index >= type.length && !isFlexibleArray(btf, spec.accessors.at(-1), type.length))
      return fail(`index ${index} is outside an array of ${type.length} elements`);
    id = btf.resolve(type.type);
    spec.accessors.push({ typeId: id, index, name: undefined });
    spec.bitOffset = (spec.bitOffset + bitsOf(index, coreSizeOf(btf, id))) >>> 0;
  }
  return spec;
}

/** Throws FormatError for an access string that is longer than any valid one. */
export function checkAccessString(btf: Btf, relocation: CoreRelocation): void {
  if (relocation.accessString.length > MAX_SPEC_LENGTH * LONGEST_INDEX) {
    throw relocationError(btf, relocation, NOT_ACCESS_STRING);
  }
}

const NOT_ACCESS_STRING = `this is not an access string, which has at most ${MAX_SPEC_LENGTH} numbers with colons between them`;

/** The longest index in an access string, with the colon after it, in characters. */
const LONGEST_INDEX = 11;

function relocationError(btf: Btf, relocation: CoreRelocation, problem: string): FormatError {
  return new FormatError(
    { source: btf.source },
    `CO-RE relocation at instruction ${relocation.slot}, ${describeType(btf, relocation.typeId)} with access string ` +
      `${JSON.stringify(relocation.accessString.slice(0, 80))}: ${problem}`,
  );
}

/**
 * Parses `0:1:2` to numbers. Returns undefined for any other text and for more than {@link MAX_SPEC_LENGTH} numbers.
 */
function parseAccessString(text: string): number[] | undefined {
  const indices: number[] = [];
  let index = -1;
  for (let i = 0; i <= text.length; i++) {
    const c = i < text.length ? text.charCodeAt(i) : COLON;
    if (c === COLON) {
      if (index < 0 || indices.length === MAX_SPEC_LENGTH) return undefined;
      indices.push(index);
      index = -1;
    } else {
      if (c < ZERO || c > ZERO + 9) return undefined;
      index = Math.max(index, 0) * 10 + c - ZERO;
      if (index > 0x7fff_ffff) return undefined;
    }
  }
  return indices;
}

const COLON = 0x3a;
const ZERO = 0x30;

/** Returns the size of a type in bytes. Throws FormatError above 32 bits, like libbpf. */
export function coreSizeOf(btf: Btf, id: TypeId): number {
  const size = btf.sizeOf(id);
  if (size > 0xffff_ffff) throw btf.error(id, `is larger than 4 GiB (${size} bytes)`);
  return size;
}

/** Returns the bit offset of element `index`, wrapped to 32 bits as in libbpf. */
export function bitsOf(index: number, size: number): number {
  return Math.imul(Math.imul(index, size), 8) >>> 0;
}

/**
 * Returns true for a flexible array, for which any index is valid: an array of length 0 that is the last member of a
 * struct.
 */
export function isFlexibleArray(btf: Btf, accessor: CoreAccessor | undefined, length: number): boolean {
  if (accessor?.name === undefined || length > 0) return false;
  return accessor.index === btf.vlen(accessor.typeId) - 1;
}

/**
 * Formats a specification as libbpf does: `<byte_off> [13] struct foo.a[2].b (0:1:2:0 @ offset 12)`,
 * `<enumval_value> [7] enum color::RED = 1`, `<type_size> [4] struct foo`.
 */
export function formatCoreSpec(spec: CoreSpec): string {
  const { btf, kind } = spec;
  const text = `<${coreRelocationKindText(kind)}> ${describeType(btf, spec.rootTypeId)}${formatCorePath(spec)}`;
  switch (coreRelocationSubject(kind)) {
    case "enumerator": {
      const type = btf.type(btf.resolve(spec.rootTypeId));
      const index = spec.accessors[0]?.index ?? -1;
      return type.kind === "enum" || type.kind === "enum64" ? `${text} = ${type.values[index]?.value}` : text;
    }
    case "field": {
      const bits = spec.bitOffset % 8;
      const offset = `${Math.floor(spec.bitOffset / 8)}${bits === 0 ? "" : `.${bits}`}`;
      return `${text} (${spec.raw.join(":")} @ offset ${offset})`;
    }
    default:
      return text;
  }
}

/** Formats the steps after the type's name: `.a[2].b`, `::RED`; "" for a type relocation. */
export function formatCorePath(spec: CoreSpec): string {
  const before = coreRelocationSubject(spec.kind) === "enumerator" ? "::" : ".";
  const steps = spec.accessors.map(({ name, index }, i) => {
    if (name !== undefined) return `${before}${shortName(name)}`;
    return i > 0 || index > 0 ? `[${index}]` : "";
  });
  return steps.join("");
}

/** Formats a relocation by the object's own types, to explain `unknown#195896080` in a verifier log. */
export function formatCoreRelocation(local: Btf, relocation: CoreRelocation): string {
  return formatCoreSpec(parseCoreSpec(local, relocation));
}
