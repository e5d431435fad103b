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

/** Indices in an access string, and steps to a member of the target (libbpf's BPF_CORE_SPEC_MAX_LEN). */
export const MAX_SPEC_LENGTH = 64;

/** A step that means something to the programmer: a named member, an array index, an enumerator. */
export interface CoreAccessor {
  /** The struct or union that holds the member; the array's element type; the enum. */
  readonly typeId: TypeId;
  readonly index: number;
  /** The member's or enumerator's name; undefined for an array index. */
  readonly name: string | undefined;
}

/** What a relocation accesses, in the local types or in a candidate's. */
export interface CoreSpec {
  readonly btf: Btf;
  readonly kind: CoreRelocationKind;
  /** As the relocation names it: typedefs and modifiers not skipped. */
  readonly rootTypeId: TypeId;
  /** The first one is the index of the root itself (`&p[0]`), or the enumerator. Empty for a type. */
  readonly accessors: CoreAccessor[];
  /** Every index on the way, those of anonymous members included: the access string of this BTF. */
  readonly raw: number[];
  /** Bits from the root's start, wrapped to 32 bits as in libbpf. */
  bitOffset: number;
}

/** Resolves a relocation's access string against the object's own types. Throws FormatError where it leads nowhere. */
export function parseCoreSpec(btf: Btf, relocation: CoreRelocation): CoreSpec {
  const { kind, typeId } = relocation;
  const subject = coreRelocationSubject(kind);
  const fail = (problem: string): never => {
    throw relocationError(btf, relocation, problem);
  };
  const spec: CoreSpec = { btf, kind, rootTypeId: typeId, accessors: [], raw: [], bitOffset: 0 };
  if (subject === undefined) return fail(`unknown kind ${kind}`);
  if (subject === "type") return relocation.accessString === "0" ? spec : fail("a type has no members to access");
  const raw = parseAccessString(relocation.accessString);
  if (raw === undefined) return fail("not an access string");
  spec.raw.push(...raw);

  let id = btf.resolve(typeId);
  const first = raw[0]!;
  if (subject === "enumerator") {
    const type = btf.type(id);
    if (type.kind !== "enum" && type.kind !== "enum64") return fail("not an enum");
    const value = raw.length === 1 ? type.values[first] : undefined;
    if (value === undefined) return fail("no such enumerator");
    spec.accessors.push({ typeId: id, index: first, name: value.name });
    return spec;
  }

  spec.accessors.push({ typeId: id, index: first, name: undefined });
  spec.bitOffset = bitsOf(first, coreSizeOf(btf, id));
  for (const index of raw.slice(1)) {
    id = btf.resolve(id);
    if (isComposite(btf.kind(id))) {
      const member = memberAt(btf, id, index);
      if (member === undefined) return fail(`no member ${index} in ${describeType(btf, id)}`);
      spec.bitOffset = (spec.bitOffset + member.bitOffset) >>> 0;
      if (member.name !== "") spec.accessors.push({ typeId: id, index, name: member.name });
      id = member.type;
      continue;
    }
    const type = btf.type(id);
    if (type.kind !== "array") return fail(`${describeType(btf, id)} has no members`);
    if (index >= type.length && !isFlexibleArray(btf, spec.accessors.at(-1), type.length))
      return fail(`index ${index} is outside an array of ${type.length}`);
    id = btf.resolve(type.type);
    spec.accessors.push({ typeId: id, index, name: undefined });
    spec.bitOffset = (spec.bitOffset + bitsOf(index, coreSizeOf(btf, id))) >>> 0;
  }
  return spec;
}

/** Throws FormatError for an access string that is too long for any: more indices, or zeros in front of them. */
export function checkAccessString(btf: Btf, relocation: CoreRelocation): void {
  if (relocation.accessString.length > MAX_SPEC_LENGTH * LONGEST_INDEX) {
    throw relocationError(btf, relocation, "not an access string");
  }
}

/** Characters of the largest index and the colon behind it. */
const LONGEST_INDEX = 11;

function relocationError(btf: Btf, relocation: CoreRelocation, problem: string): FormatError {
  return new FormatError(
    { source: btf.source },
    `CO-RE relocation at instruction ${relocation.slot}: ${describeType(btf, relocation.typeId)} + ` +
      `${JSON.stringify(relocation.accessString.slice(0, 80))}: ${problem}`,
  );
}

/** `0:1:2` as numbers; undefined for anything else, or for more than {@link MAX_SPEC_LENGTH} of them. */
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

/** The size of a type in bytes; libbpf's arithmetic ends at 32 bits, and it refuses what is larger. */
export function coreSizeOf(btf: Btf, id: TypeId): number {
  const size = btf.sizeOf(id);
  if (size > 0xffff_ffff) throw btf.error(id, `is larger than 4 GiB (${size} bytes)`);
  return size;
}

/** Bits before element `index`, wrapped to 32 bits as libbpf's arithmetic does. */
export function bitsOf(index: number, size: number): number {
  return Math.imul(Math.imul(index, size), 8) >>> 0;
}

/** An array without a length is flexible, and takes any index, only as the last member of its struct. */
export function isFlexibleArray(btf: Btf, accessor: CoreAccessor | undefined, length: number): boolean {
  if (accessor?.name === undefined || length > 0) return false;
  return accessor.index === btf.vlen(accessor.typeId) - 1;
}

/**
 * A specification as libbpf prints it: `<byte_off> [13] struct foo.a[2].b (0:1:2:0 @ offset 12)`,
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

/** What follows a type's name in C: `.a[2].b`, `::RED`, nothing for the type itself. */
export function formatCorePath(spec: CoreSpec): string {
  const before = coreRelocationSubject(spec.kind) === "enumerator" ? "::" : ".";
  const steps = spec.accessors.map(({ name, index }, i) => {
    if (name !== undefined) return `${before}${shortName(name)}`;
    return i > 0 || index > 0 ? `[${index}]` : "";
  });
  return steps.join("");
}

/** {@link formatCoreSpec} of a relocation's local side: what the verifier's `unknown#195896080` was meant to be. */
export function formatCoreRelocation(local: Btf, relocation: CoreRelocation): string {
  return formatCoreSpec(parseCoreSpec(local, relocation));
}
