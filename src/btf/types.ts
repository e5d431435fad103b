/** The numbers of `BTF_KIND_*` (include/uapi/linux/btf.h). */
export const BtfKind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;
export type BtfKind = (typeof BtfKind)[keyof typeof BtfKind];

/** A type's number within its BTF; 0 is void. */
export type TypeId = number;

export interface BtfMember {
  readonly name: string;
  readonly type: TypeId;
  /** Offset from the start of the struct, in bits. */
  readonly bitOffset: number;
  /** Width of a bitfield in bits; 0 if the member is not a bitfield. */
  readonly bitSize: number;
}
export interface BtfParam {
  readonly name: string;
  readonly type: TypeId;
}
/** One variable or function in a DATASEC. */
export interface BtfSecInfo {
  readonly type: TypeId;
  readonly offset: number;
  readonly size: number;
}

interface Named {
  readonly id: TypeId;
  /** Empty for an anonymous type. */
  readonly name: string;
}
interface Reference<K extends string> extends Named {
  readonly kind: K;
  readonly type: TypeId;
}

/** A decoded type. Every reference to another type is a {@link TypeId} of the same BTF. */
export type BtfType =
  | (Named & { readonly kind: "void" })
  | (Named & {
      readonly kind: "int";
      readonly size: number;
      readonly signed: boolean;
      readonly char: boolean;
      readonly bool: boolean;
      /** Offset of the value within its storage, in bits. */
      readonly bitOffset: number;
      /** Width in bits. */
      readonly bits: number;
    })
  | Reference<"ptr">
  | (Named & { readonly kind: "array"; readonly type: TypeId; readonly indexType: TypeId; readonly length: number })
  | (Named & { readonly kind: "struct" | "union"; readonly size: number; readonly members: readonly BtfMember[] })
  | (Named & {
      readonly kind: "enum";
      readonly size: number;
      readonly signed: boolean;
      readonly values: readonly { readonly name: string; readonly value: number }[];
    })
  | (Named & {
      readonly kind: "enum64";
      readonly size: number;
      readonly signed: boolean;
      readonly values: readonly { readonly name: string; readonly value: bigint }[];
    })
  | (Named & { readonly kind: "fwd"; readonly union: boolean })
  | Reference<"typedef">
  | Reference<"volatile">
  | Reference<"const">
  | Reference<"restrict">
  | (Reference<"func"> & { readonly linkage: "static" | "global" | "extern" })
  | (Named & { readonly kind: "func_proto"; readonly returns: TypeId; readonly params: readonly BtfParam[] })
  | (Reference<"var"> & { readonly linkage: "static" | "global" | "extern" })
  | (Named & { readonly kind: "datasec"; readonly size: number; readonly variables: readonly BtfSecInfo[] })
  | (Named & { readonly kind: "float"; readonly size: number })
  /** `component` is the index of the tagged member or parameter; -1 if the tag is for the type itself. */
  | (Reference<"decl_tag"> & { readonly component: number; readonly attribute: boolean })
  | (Reference<"type_tag"> & { readonly attribute: boolean });
