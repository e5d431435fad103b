import { escapeControls } from "../../layout/index.ts";
import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { FlatTypes } from "./flat-types.ts";
import { encodingWord, KIND_WORDS, linkageWord, memberPlace, signWord, value64 } from "./raw-words.ts";

const ARRAY_INDENT = "\n    ";
const TYPE_INDENT = "\n        ";
const FIELD_INDENT = "\n            ";
const ELEMENT_INDENT = "\n                ";
const ELEMENT_FIELD_INDENT = "\n                    ";

/**
 * Writes types as the JSON of `bpftool -j btf dump …`: `{"types":[…]}`. With `isPretty` it is the JSON of `bpftool -p`.
 */
export class RawJson {
  readonly #types: FlatTypes;
  readonly #out: ByteSink;
  readonly #isPretty: boolean;
  readonly #likeBpftool: boolean;
  /** For each field of a type or element: the text that comes before the field's value. */
  readonly #labels = new Map<string, string>();
  readonly #elementLabels = new Map<string, string>();
  #isEmpty = true;

  constructor(types: FlatTypes, out: ByteSink, options: { isPretty: boolean; likeBpftool: boolean }) {
    this.#types = types;
    this.#out = out;
    this.#isPretty = options.isPretty;
    this.#likeBpftool = options.likeBpftool;
  }

  /** Writes the start of the JSON, before the first type. */
  begin(): void {
    this.#out.text(this.#isPretty ? `{${ARRAY_INDENT}"types": [` : '{"types":[');
  }

  /** Writes a type. */
  add(id: TypeId): void {
    this.#out.text(this.#isEmpty ? "{" : ",{");
    this.#type(id);
    this.#close(TYPE_INDENT, "}");
    this.#isEmpty = false;
  }

  /** Writes the end of the JSON, after the last type. */
  end(): void {
    if (this.#isEmpty) this.#out.text("]");
    else this.#close(ARRAY_INDENT, "]");
    this.#close("\n", "}");
  }

  #type(id: TypeId): void {
    const types = this.#types;
    const { words } = types;
    const kind = types.kind(id);
    this.#number("id", id);
    this.#word("kind", KIND_WORDS[kind] as string);
    this.#label("name");
    this.#name(types.nameOffset(id));
    if (id === 0) return;
    const third = types.third(id);
    const vlen = types.vlen(id);
    const first = types.after(id);
    switch (kind) {
      case BtfKind.INT: {
        const word = words[first] as number;
        this.#number("size", third);
        this.#number("bits_offset", (word >>> 16) & 0xff);
        this.#number("nr_bits", word & 0xff);
        this.#word("encoding", encodingWord(word));
        break;
      }
      case BtfKind.PTR:
      case BtfKind.CONST:
      case BtfKind.VOLATILE:
      case BtfKind.RESTRICT:
      case BtfKind.TYPEDEF:
      case BtfKind.TYPE_TAG:
        this.#number("type_id", third);
        break;
      case BtfKind.ARRAY:
        this.#number("type_id", words[first] as number);
        this.#number("index_type_id", words[first + 1] as number);
        this.#number("nr_elems", words[first + 2] as number);
        break;
      case BtfKind.STRUCT:
      case BtfKind.UNION: {
        const hasBitfields = types.kindFlag(id);
        this.#number("size", third);
        this.#elements("members", vlen, (i) => {
          const at = first + 3 * i;
          const { offset, bits } = memberPlace(words[at + 2] as number, hasBitfields);
          this.#elementName(words[at] as number);
          this.#elementNumber("type_id", words[at + 1] as number);
          this.#elementNumber("bits_offset", offset);
          if (bits !== 0) this.#elementNumber("bitfield_size", bits);
        });
        break;
      }
      case BtfKind.ENUM:
      case BtfKind.ENUM64: {
        const isSigned = types.kindFlag(id);
        const width = kind === BtfKind.ENUM ? 2 : 3;
        this.#word("encoding", signWord(isSigned));
        this.#number("size", third);
        this.#elements("values", vlen, (i) => {
          const at = first + width * i;
          const low = words[at + 1] as number;
          this.#elementName(words[at] as number);
          if (width === 2 && !isSigned && this.#likeBpftool) this.#elementText("val", signExtended(low));
          else if (width === 2) this.#elementNumber("val", isSigned ? low | 0 : low);
          else this.#elementText("val", String(value64(low, words[at + 2] as number, isSigned)));
        });
        break;
      }
      case BtfKind.FWD:
        this.#word("fwd_kind", types.kindFlag(id) ? "union" : "struct");
        break;
      case BtfKind.FUNC:
        this.#number("type_id", third);
        this.#word("linkage", linkageWord(vlen));
        break;
      case BtfKind.FUNC_PROTO:
        this.#number("ret_type_id", third);
        this.#elements("params", vlen, (i) => {
          this.#elementName(words[first + 2 * i] as number);
          this.#elementNumber("type_id", words[first + 2 * i + 1] as number);
        });
        break;
      case BtfKind.VAR:
        this.#number("type_id", third);
        this.#word("linkage", linkageWord(words[first] as number));
        break;
      case BtfKind.DATASEC:
        this.#number("size", third);
        this.#elements("vars", vlen, (i) => {
          const at = first + 3 * i;
          this.#out.text(this.#firstLabel("type_id"));
          this.#out.decimal(words[at] as number);
          this.#elementNumber("offset", words[at + 1] as number);
          this.#elementNumber("size", words[at + 2] as number);
        });
        break;
      case BtfKind.FLOAT:
        this.#number("size", third);
        break;
      case BtfKind.DECL_TAG:
        this.#number("type_id", third);
        this.#number("component_idx", (words[first] as number) | 0);
        break;
      default:
        break;
    }
  }

  #elements(field: string, count: number, write: (index: number) => void): void {
    const out = this.#out;
    this.#number("vlen", count);
    this.#label(field);
    out.text("[");
    for (let i = 0; i < count; i++) {
      out.text(i === 0 ? "{" : ",{");
      write(i);
      this.#close(ELEMENT_INDENT, "}");
    }
    if (count > 0) this.#close(FIELD_INDENT, "]");
    else out.text("]");
  }

  #close(indent: string, bracket: string): void {
    if (this.#isPretty) this.#out.text(indent);
    this.#out.text(bracket);
  }

  #number(field: string, value: number): void {
    this.#label(field);
    this.#out.decimal(value);
  }

  #word(field: string, value: string): void {
    this.#label(field);
    this.#out.text('"');
    this.#out.text(value);
    this.#out.text('"');
  }

  #label(field: string): void {
    let label = this.#labels.get(field);
    if (label === undefined) {
      const comma = field === "id" ? "" : ",";
      label = this.#isPretty ? `${comma}${FIELD_INDENT}"${field}": ` : `${comma}"${field}":`;
      this.#labels.set(field, label);
    }
    this.#out.text(label);
  }

  #elementName(offset: number): void {
    this.#out.text(this.#firstLabel("name"));
    this.#name(offset);
  }

  /** Returns the text that comes before the value of an element's first field. */
  #firstLabel(field: string): string {
    return this.#isPretty ? `${ELEMENT_FIELD_INDENT}"${field}": ` : `"${field}":`;
  }

  #elementNumber(field: string, value: number): void {
    this.#elementLabel(field);
    this.#out.decimal(value);
  }

  #elementText(field: string, value: string): void {
    this.#elementLabel(field);
    this.#out.text(value);
  }

  #elementLabel(field: string): void {
    let label = this.#elementLabels.get(field);
    if (label === undefined) {
      label = `,${this.#firstLabel(field)}`;
      this.#elementLabels.set(field, label);
    }
    this.#out.text(label);
  }

  #name(offset: number): void {
    const out = this.#out;
    const { strings } = this.#types;
    if (offset === 0) {
      out.text('"(anon)"');
      return;
    }
    for (let at = offset; strings[at] !== 0; at++) {
      const byte = strings[at] as number;
      if (byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH) continue;
      out.utf8(escapeControls(JSON.stringify(this.#types.btf.string(offset))));
      return;
    }
    out.text('"');
    out.name(strings, offset);
    out.text('"');
  }
}

/** Formats an unsigned 32-bit value as bpftool does, which sign-extends it by mistake. */
function signExtended(value: number): string {
  return value < 0x80000000 ? String(value) : String(BigInt.asUintN(64, BigInt(value | 0)));
}

const QUOTE = 34;
const BACKSLASH = 92;
