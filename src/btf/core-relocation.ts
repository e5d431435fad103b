import { FormatError } from "../errors/index.ts";
import type { Btf } from "./btf.ts";
import { StringFinder } from "./string-table.ts";
import type { TypeId } from "./types.ts";

/** `enum bpf_core_relo_kind` (include/uapi/linux/bpf.h): the fact about a kernel type that a CO-RE relocation needs. */
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
/**
 * A relocation kind. The type allows any number: the parser accepts the kinds of newer compilers, and only resolving
 * such a relocation fails.
 */
export type CoreRelocationKind = number;

/** One CO-RE record of .BTF.ext (`struct bpf_core_relo`), with the access string as text. */
export interface CoreRelocation {
  /** The instruction to patch, in 8-byte slots. */
  readonly slot: number;
  /** The accessed type, in the object's own BTF. */
  readonly typeId: TypeId;
  /**
   * The indices of members and elements, such as `0:1:2`. For a type it is `0`, for an enum the index of the
   * enumerator.
   */
  readonly accessString: string;
  readonly kind: CoreRelocationKind;
}

interface KindTraits {
  /** libbpf's name for the kind. It appears in libbpf's debug output and in libbpf's notes in verifier logs. */
  readonly text: string;
  /** What a relocation of this kind refers to: a member, a whole type or an enumerator. */
  readonly subject: "field" | "type" | "enumerator";
}

const TRAITS: Readonly<Record<keyof typeof CoreRelocationKind, KindTraits>> = {
  BPF_CORE_FIELD_BYTE_OFFSET: { text: "byte_off", subject: "field" },
  BPF_CORE_FIELD_BYTE_SIZE: { text: "byte_sz", subject: "field" },
  BPF_CORE_FIELD_EXISTS: { text: "field_exists", subject: "field" },
  BPF_CORE_FIELD_SIGNED: { text: "signed", subject: "field" },
  BPF_CORE_FIELD_LSHIFT_U64: { text: "lshift_u64", subject: "field" },
  BPF_CORE_FIELD_RSHIFT_U64: { text: "rshift_u64", subject: "field" },
  BPF_CORE_TYPE_ID_LOCAL: { text: "local_type_id", subject: "type" },
  BPF_CORE_TYPE_ID_TARGET: { text: "target_type_id", subject: "type" },
  BPF_CORE_TYPE_EXISTS: { text: "type_exists", subject: "type" },
  BPF_CORE_TYPE_SIZE: { text: "type_size", subject: "type" },
  BPF_CORE_ENUMVAL_EXISTS: { text: "enumval_exists", subject: "enumerator" },
  BPF_CORE_ENUMVAL_VALUE: { text: "enumval_value", subject: "enumerator" },
  BPF_CORE_TYPE_MATCHES: { text: "type_matches", subject: "type" },
};
const BY_KIND: ReadonlyMap<number, KindTraits> = new Map(
  Object.entries(TRAITS).map(([name, traits]) => [CoreRelocationKind[name as keyof typeof TRAITS], traits]),
);

/** Returns libbpf's name for a kind, such as `byte_off`; `unknown` for an unknown number. */
export function coreRelocationKindText(kind: CoreRelocationKind): string {
  return BY_KIND.get(kind)?.text ?? "unknown";
}

/** Returns what a kind refers to: a member, a whole type or an enumerator; undefined for an unknown number. */
export function coreRelocationSubject(kind: CoreRelocationKind): KindTraits["subject"] | undefined {
  return BY_KIND.get(kind)?.subject;
}

/** Bytes of a `struct bpf_core_relo`. */
export const CORE_RELOCATION_SIZE = 16;

/** Encodes CO-RE relocations for the kernel (Linux 5.17). `btf` is the object's own BTF. */
export function encodeCoreRelocations(btf: Btf, relocations: readonly CoreRelocation[], little = true): Uint8Array {
  const out = new Uint8Array(relocations.length * CORE_RELOCATION_SIZE);
  const view = new DataView(out.buffer);
  const offsets = new Map<string, number>();
  const strings = new StringFinder(btf);
  for (const [i, { slot, typeId, accessString, kind }] of relocations.entries()) {
    const offset = offsets.get(accessString) ?? strings.find(accessString);
    if (offset === undefined)
      throw new FormatError(
        { source: btf.source },
        `the access string ${JSON.stringify(accessString)} is not in the BTF's string section`,
      );
    offsets.set(accessString, offset);
    const at = i * CORE_RELOCATION_SIZE;
    view.setUint32(at, slot * 8, little);
    view.setUint32(at + 4, typeId, little);
    view.setUint32(at + 8, offset, little);
    view.setUint32(at + 12, kind, little);
  }
  return out;
}
