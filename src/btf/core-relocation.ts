import { FormatError } from "../errors/index.ts";
import type { Btf } from "./btf.ts";
import { StringFinder } from "./string-table.ts";
import type { TypeId } from "./types.ts";

/** Numbers of `enum bpf_core_relo_kind` (include/uapi/linux/bpf.h): what a CO-RE relocation asks of the kernel's types. */
export const CoreRelocationKind = {
  BPF_CORE_FIELD_BYTE_OFFSET: 0,
  BPF_CORE_FIELD_BYTE_SIZE: 1,
  BPF_CORE_FIELD_EXISTS: 2,
  BPF_CORE_FIELD_SIGNED: 3,
  BPF_CORE_FIELD_LSHIFT_U64: 4,
  BPF_CORE_FIELD_RSHIFT_U64: 5,
  BPF_CORE_TYPE_ID_LOCAL: 6,
  BPF_CORE_TYPE_ID_TARGET: 7,
  BPF_CORE_TYPE_EXISTS: 8,
  BPF_CORE_TYPE_SIZE: 9,
  BPF_CORE_ENUMVAL_EXISTS: 10,
  BPF_CORE_ENUMVAL_VALUE: 11,
  BPF_CORE_TYPE_MATCHES: 12,
} as const;
/** A number, so that a kind of a newer compiler passes the parser and fails only where it is resolved. */
export type CoreRelocationKind = number;

/** One record of .BTF.ext's CO-RE section (`struct bpf_core_relo`), with its access string looked up. */
export interface CoreRelocation {
  /** The instruction to patch, in 8-byte slots. */
  readonly slot: number;
  /** The accessed type, in the object's own BTF. */
  readonly typeId: TypeId;
  /** `0:1:2`: member and array indices; `0` for a type; the enumerator's index for an enum. */
  readonly accessString: string;
  readonly kind: CoreRelocationKind;
}

const K = CoreRelocationKind;

/** libbpf's word for each kind, as its debug output and its verifier log fix-ups print it. */
const KIND_TEXT: ReadonlyMap<number, string> = new Map([
  [K.BPF_CORE_FIELD_BYTE_OFFSET, "byte_off"],
  [K.BPF_CORE_FIELD_BYTE_SIZE, "byte_sz"],
  [K.BPF_CORE_FIELD_EXISTS, "field_exists"],
  [K.BPF_CORE_FIELD_SIGNED, "signed"],
  [K.BPF_CORE_FIELD_LSHIFT_U64, "lshift_u64"],
  [K.BPF_CORE_FIELD_RSHIFT_U64, "rshift_u64"],
  [K.BPF_CORE_TYPE_ID_LOCAL, "local_type_id"],
  [K.BPF_CORE_TYPE_ID_TARGET, "target_type_id"],
  [K.BPF_CORE_TYPE_EXISTS, "type_exists"],
  [K.BPF_CORE_TYPE_SIZE, "type_size"],
  [K.BPF_CORE_ENUMVAL_EXISTS, "enumval_exists"],
  [K.BPF_CORE_ENUMVAL_VALUE, "enumval_value"],
  [K.BPF_CORE_TYPE_MATCHES, "type_matches"],
]);

/** libbpf's word for a kind, such as `byte_off`; `unknown` for a number without one. */
export function coreRelocationKindText(kind: CoreRelocationKind): string {
  return KIND_TEXT.get(kind) ?? "unknown";
}

/** What a kind is about: a member, a whole type, or an enumerator; undefined for an unknown number. */
export function coreRelocationSubject(kind: CoreRelocationKind): "field" | "type" | "enumerator" | undefined {
  if (kind >= K.BPF_CORE_FIELD_BYTE_OFFSET && kind <= K.BPF_CORE_FIELD_RSHIFT_U64) return "field";
  if (kind >= K.BPF_CORE_TYPE_ID_LOCAL && kind <= K.BPF_CORE_TYPE_SIZE) return "type";
  if (kind === K.BPF_CORE_TYPE_MATCHES) return "type";
  if (kind === K.BPF_CORE_ENUMVAL_EXISTS || kind === K.BPF_CORE_ENUMVAL_VALUE) return "enumerator";
  return undefined;
}

/** Bytes of a `struct bpf_core_relo`. */
export const CORE_RELOCATION_SIZE = 16;

/** CO-RE relocations as the kernel takes them (Linux 5.17), for an object whose own types are `btf`. */
export function encodeCoreRelocations(btf: Btf, relocations: readonly CoreRelocation[]): Uint8Array {
  const out = new Uint8Array(relocations.length * CORE_RELOCATION_SIZE);
  const view = new DataView(out.buffer);
  const offsets = new Map<string, number>();
  const strings = new StringFinder(btf);
  for (const [i, { slot, typeId, accessString, kind }] of relocations.entries()) {
    const offset = offsets.get(accessString) ?? strings.find(accessString);
    if (offset === undefined) throw new FormatError({ source: btf.source }, `no string is ${accessString}`);
    offsets.set(accessString, offset);
    const at = i * CORE_RELOCATION_SIZE;
    view.setUint32(at, slot * 8, true);
    view.setUint32(at + 4, typeId, true);
    view.setUint32(at + 8, offset, true);
    view.setUint32(at + 12, kind, true);
  }
  return out;
}
