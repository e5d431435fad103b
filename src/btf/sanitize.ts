import type { Btf } from "./btf.ts";
import { BtfEdit } from "./edit.ts";
import { BtfKind, type TypeId } from "./types.ts";

/** The parts of BTF that a kernel understands. */
export interface BtfFeatures {
  /** FUNC and FUNC_PROTO: Linux 5.0. */
  readonly func: boolean;
  /** VAR and DATASEC: Linux 5.2. */
  readonly datasec: boolean;
  /** The linkage of a FUNC: Linux 5.6. */
  readonly funcGlobal: boolean;
  /** FLOAT: Linux 5.13. */
  readonly float: boolean;
  /** DECL_TAG: Linux 5.16. */
  readonly declTag: boolean;
  /** TYPE_TAG: Linux 5.17. */
  readonly typeTag: boolean;
  /** ENUM64, and the signedness of ENUM: Linux 6.0. */
  readonly enum64: boolean;
  /** `?` at the start of a DATASEC's name: Linux 6.9. */
  readonly questionMarkDatasec: boolean;
  /** The layout section, which describes the kinds: Linux 7.1. */
  readonly layout: boolean;
}

/**
 * Encodes an object's BTF for an older kernel. A type that the kernel does not know is replaced by a type that takes
 * the same number of words, as in libbpf (`bpf_object__sanitize_btf`). Ids do not change. Throws FormatError.
 */
export function sanitizeBtf(btf: Btf, features: BtfFeatures): Uint8Array {
  const edit = new BtfEdit(btf);
  let placeholder: TypeId = 0;
  for (const id of btf.ids()) {
    const kind = btf.kind(id);
    switch (kind) {
      case BtfKind.VAR:
        if (!features.datasec) becomeByte(edit, id);
        break;
      case BtfKind.DECL_TAG:
        if (!features.declTag) becomeByte(edit, id);
        break;
      case BtfKind.DATASEC:
        if (!features.datasec) becomeStruct(btf, edit, id);
        else if (!features.questionMarkDatasec && btf.name(id).startsWith("?")) {
          edit.setName(id, `_${btf.name(id).slice(1)}`);
        }
        break;
      case BtfKind.FUNC_PROTO:
        if (!features.func) {
          edit.setInfo(id, BtfKind.ENUM, btf.vlen(id));
          edit.setSize(id, 4); // such kernels accept an ENUM of no other size
        }
        break;
      case BtfKind.FUNC:
        if (!features.func) edit.setInfo(id, BtfKind.TYPEDEF);
        else if (!features.funcGlobal) edit.setInfo(id, BtfKind.FUNC);
        break;
      case BtfKind.FLOAT:
        if (!features.float) {
          // The name is removed, because "struct float" is not valid C.
          edit.setNameOffset(id, 0);
          edit.setInfo(id, BtfKind.STRUCT);
        }
        break;
      case BtfKind.TYPE_TAG:
        if (!features.typeTag) {
          edit.setNameOffset(id, 0);
          edit.setInfo(id, BtfKind.CONST);
        }
        break;
      case BtfKind.ENUM:
        if (!features.enum64) edit.setInfo(id, BtfKind.ENUM, btf.vlen(id));
        break;
      case BtfKind.ENUM64:
        if (!features.enum64) {
          if (placeholder === 0) placeholder = edit.append({ ...BYTE, name: "enum64_placeholder" });
          edit.setInfo(id, BtfKind.UNION, btf.vlen(id));
          for (let i = 0; i < btf.vlen(id); i++) {
            edit.setExtra(id, 3 * i + 1, placeholder);
            edit.setExtra(id, 3 * i + 2, 0);
          }
        }
        break;
    }
  }
  return edit.encode({ layout: features.layout });
}

const BYTE = { kind: "int", size: 1, signed: false, char: false, bool: false, bitOffset: 0, bits: 8 } as const;

/** Turns a type into an INT of one byte. A larger INT might exceed the size of its variable. */
function becomeByte(edit: BtfEdit, id: TypeId): void {
  edit.setInfo(id, BtfKind.INT);
  edit.setSize(id, 1);
  edit.setExtra(id, 0, 8);
}

/** Turns a DATASEC into a struct that has the variables as members. */
function becomeStruct(btf: Btf, edit: BtfEdit, id: TypeId): void {
  const type = btf.type(id);
  if (type.kind !== "datasec") return;
  edit.setName(id, type.name.replaceAll(/[.?]/g, "_"));
  edit.setInfo(id, BtfKind.STRUCT, type.variables.length);
  type.variables.forEach((variable, i) => {
    edit.setExtra(id, 3 * i, btf.nameOffset(variable.type));
    edit.setExtra(id, 3 * i + 1, variable.type);
    edit.setExtra(id, 3 * i + 2, (variable.offset * 8) >>> 0);
  });
}
