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
