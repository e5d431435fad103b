import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { FlatTypes } from "./flat-types.ts";
import { encodingWord, KIND_WORDS, linkageWord, memberPlace, signWord, value64 } from "./raw-words.ts";

/** Prints one type as `bpftool btf dump … format raw` does, with a newline at the end. */
export function printRawText(types: FlatTypes, id: TypeId, out: ByteSink): void {
  const { words } = types;
  const kind = types.kind(id);
  out.text("[");
  out.decimal(id);
  out.text("] ");
  out.text(KIND_WORDS[kind] as string);
  out.text(" ");
  quotedName(types, types.nameOffset(id), out);
  if (id === 0) {
    out.text("\n");
    return;
  }
  const field = (label: string, value: number): void => {
    out.text(label);
    out.decimal(value);
  };
  const third = types.third(id);
  const vlen = types.vlen(id);
  const first = types.after(id);
  switch (kind) {
    case BtfKind.INT: {
      const word = words[first] as number;
      field(" size=", third);
      field(" bits_offset=", (word >>> 16) & 0xff);
      field(" nr_bits=", word & 0xff);
      out.text(" encoding=");
      out.text(encodingWord(word));
      break;
    }
    case BtfKind.PTR:
    case BtfKind.CONST:
    case BtfKind.VOLATILE:
    case BtfKind.RESTRICT:
    case BtfKind.TYPEDEF:
    case BtfKind.TYPE_TAG:
      field(" type_id=", third);
      break;
    case BtfKind.ARRAY:
      field(" type_id=", words[first] as number);
      field(" index_type_id=", words[first + 1] as number);
      field(" nr_elems=", words[first + 2] as number);
      break;
    case BtfKind.STRUCT:
    case BtfKind.UNION: {
      const hasBitfields = types.kindFlag(id);
      field(" size=", third);
      field(" vlen=", vlen);
      for (let i = 0, at = first; i < vlen; i++, at += 3) {
        const { offset, bits } = memberPlace(words[at + 2] as number, hasBitfields);
        out.text("\n\t");
        quotedName(types, words[at] as number, out);
        field(" type_id=", words[at + 1] as number);
        field(" bits_offset=", offset);
        if (bits !== 0) field(" bitfield_size=", bits);
      }
      break;
    }
    case BtfKind.ENUM:
    case BtfKind.ENUM64: {
      const isSigned = types.kindFlag(id);
      out.text(" encoding=");
      out.text(signWord(isSigned));
      field(" size=", third);
      field(" vlen=", vlen);
      for (let i = 0, at = first; i < vlen; i++, at += kind === BtfKind.ENUM ? 2 : 3) {
        const low = words[at + 1] as number;
        out.text("\n\t");
        quotedName(types, words[at] as number, out);
        if (kind === BtfKind.ENUM) field(" val=", isSigned ? low | 0 : low);
        else out.text(` val=${value64(low, words[at + 2] as number, isSigned)}${isSigned ? "LL" : "ULL"}`);
      }
      break;
    }
    case BtfKind.FWD:
      out.text(types.kindFlag(id) ? " fwd_kind=union" : " fwd_kind=struct");
      break;
    case BtfKind.FUNC:
      field(" type_id=", third);
      out.text(" linkage=");
      out.text(linkageWord(vlen));
      break;
    case BtfKind.FUNC_PROTO:
      field(" ret_type_id=", third);
      field(" vlen=", vlen);
      for (let i = 0, at = first; i < vlen; i++, at += 2) {
        out.text("\n\t");
        quotedName(types, words[at] as number, out);
        field(" type_id=", words[at + 1] as number);
      }
      break;
    case BtfKind.VAR:
      field(" type_id=", third);
      out.text(", linkage=");
      out.text(linkageWord(words[first] as number));
      break;
    case BtfKind.DATASEC:
      field(" size=", third);
      field(" vlen=", vlen);
      for (let i = 0, at = first; i < vlen; i++, at += 3) {
        const type = words[at] as number;
        field("\n\ttype_id=", type);
        field(" offset=", words[at + 1] as number);
        field(" size=", words[at + 2] as number);
        out.text(" (");
        out.text(KIND_WORDS[types.kind(type)] as string);
        out.text(" ");
        quotedName(types, types.nameOffset(type), out);
        out.text(")");
      }
      break;
    case BtfKind.FLOAT:
      field(" size=", third);
      break;
    case BtfKind.DECL_TAG:
      field(" type_id=", third);
      field(" component_idx=", (words[first] as number) | 0);
      break;
    default:
      break;
  }
  out.text("\n");
}

function quotedName(types: FlatTypes, offset: number, out: ByteSink): void {
  if (offset === 0) {
    out.text("'(anon)'");
    return;
  }
  out.text("'");
  out.name(types.strings, offset);
  out.text("'");
}
