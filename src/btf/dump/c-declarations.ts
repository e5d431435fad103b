import type { Btf } from "../btf.ts";
import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import {
  CLOSING_BRACE,
  CLOSING_BRACKET,
  CLOSING_PARENTHESIS,
  COMMA,
  newLine,
  OPENING_BRACKET,
  OPENING_PARENTHESIS,
  SEMICOLON,
  SPACE,
} from "./c-characters.ts";
import type { NamePrinter } from "./c-names.ts";
import { PaddingPrinter } from "./c-padding.ts";
import { FlatLayout } from "./flat-layout.ts";
import type { FlatTypes } from "./flat-types.ts";
import { ORDINARY_NAMES, TAG_NAMES } from "./name-counts.ts";
import type { WorkLimit } from "./work-limit.ts";

/** The name to declare: a text, the id of a typedef, or, for a member, the number -1 - (string offset of its name). */
export type DeclaredName = string | number;

/** How to print a declaration. */
export interface DeclarationOptions {
  /** The number of tabs at the start of each line of an anonymous struct. */
  readonly level?: number;
  /** If true, const, volatile, restrict and type tags are left out. */
  readonly stripModifiers?: boolean;
}

/** Prints single declarations, such as `int (*name)(void)`, and the bodies of structs, unions and enums. */
export class DeclarationPrinter {
  readonly #types: FlatTypes;
  readonly #btf: Btf;
  readonly #words: Uint32Array;
  readonly #strings: Uint8Array;
  readonly #out: ByteSink;
  readonly #limit: WorkLimit;
  readonly #pointerSize: number;
  readonly #names: NamePrinter;
  readonly #layout: FlatLayout;
  readonly #padding: PaddingPrinter;
  /**
   * A stack with the types of a declaration: the outermost type first, the innermost last. A nested declaration pushes
   * its types above the types of the outer declaration.
   */
  readonly #chain: TypeId[] = [];
  #stripModifiers = false;

  constructor(types: FlatTypes, out: ByteSink, limit: WorkLimit, names: NamePrinter) {
    this.#types = types;
    this.#btf = types.btf;
    this.#words = types.words;
    this.#strings = types.strings;
    this.#out = out;
    this.#limit = limit;
    this.#pointerSize = types.btf.pointerSize;
    this.#names = names;
    this.#layout = new FlatLayout(types, this.#pointerSize);
    this.#padding = new PaddingPrinter(out, this.#pointerSize);
  }

  /** Prints a declaration, for instance `int (*name)(void)`. Anonymous structs are printed in full. */
  declare(id: TypeId, name: string, options: DeclarationOptions = {}): void {
    this.#stripModifiers = options.stripModifiers === true;
    this.declaration(id, name, options.level ?? 0, 0);
    this.#stripModifiers = false;
  }

  structName(id: TypeId): void {
    this.#out.text(this.#types.kind(id) === BtfKind.STRUCT ? "struct" : "union");
    if (this.#types.nameOffset(id) !== 0) this.#out.byte(SPACE);
    this.#names.print(id, TAG_NAMES);
  }

  forwardName(id: TypeId): void {
    this.#out.text(this.#types.kindFlag(id) ? "union " : "struct ");
    this.#names.print(id, TAG_NAMES);
  }

  structDefinition(id: TypeId, level: number, depth: number): void {
    this.#limit.step(id, depth);
    const types = this.#types;
    const out = this.#out;
    const words = this.#words;
    const isStruct = types.kind(id) === BtfKind.STRUCT;
    const vlen = types.vlen(id);
    const hasBitfields = types.kindFlag(id);
    const size = types.third(id);
    const first = types.after(id);
    const align = this.#layout.alignOf(id);
    const isPacked = isStruct && this.#layout.isPacked(id);
    this.structName(id);
    out.text(" {");
    let end = 0;
    let afterBitfield = false;
    for (let i = 0, at = first; i < vlen; i++, at += 3) {
      const type = words[at + 1] as number;
      const place = words[at + 2] as number;
      const bits = hasBitfields ? place >>> 24 : 0;
      const offset = hasBitfields ? place & 0xffffff : place;
      if (end < offset) {
        const memberAlign = isPacked ? 1 : this.#layout.alignOf(type);
        this.#padding.print(end, offset, memberAlign, afterBitfield && bits !== 0, level + 1);
      }
      newLine(this.#out, level + 1);
      this.declaration(type, -(words[at] as number) - 1, level + 1, depth);
      if (bits !== 0) {
        out.text(": ");
        out.decimal(bits);
        end = offset + bits;
      } else {
        end = offset + 8 * this.#layout.sizeOf(type);
      }
      afterBitfield = bits !== 0;
      out.byte(SEMICOLON);
    }
    if (isStruct) this.#padding.print(end, 8 * size, align, false, level + 1);
    if (vlen > 0 || size > 0) newLine(this.#out, level);
    out.byte(CLOSING_BRACE);
    if (isPacked) out.text(" __attribute__((packed))");
  }

  enumDefinition(id: TypeId, level: number): void {
    const types = this.#types;
    const out = this.#out;
    const words = this.#words;
    const vlen = types.vlen(id);
    const is64 = types.kind(id) === BtfKind.ENUM64;
    const isSigned = types.kindFlag(id);
    this.#enumName(id);
    if (vlen === 0) return;
    out.text(" {");
    let needsWord = true;
    for (let i = 0, at = types.after(id); i < vlen; i++, at += is64 ? 3 : 2) {
      const name = words[at] as number;
      const low = words[at + 1] as number;
      newLine(this.#out, level + 1);
      out.name(this.#strings, name);
      const count = this.#names.count(name, ORDINARY_NAMES);
      if (count > 1) {
        out.text("___");
        out.decimal(count);
      }
      out.text(" = ");
      if (is64) {
        const high = words[at + 2] as number;
        if (high !== 0) needsWord = false;
        const value = (BigInt(high) << 32n) | BigInt(low);
        out.text(isSigned ? `${BigInt.asIntN(64, value)}LL,` : `${value}ULL,`);
      } else {
        out.decimal(isSigned ? low | 0 : low);
        out.byte(COMMA);
      }
    }
    newLine(this.#out, level);
    out.byte(CLOSING_BRACE);
    const size = types.third(id);
    if (size === 1) out.text(" __attribute__((mode(byte)))");
    else if (size === 8 && this.#pointerSize === 8 && needsWord) out.text(" __attribute__((mode(word)))");
  }

  #enumName(id: TypeId): void {
    this.#out.text("enum");
    if (this.#types.nameOffset(id) !== 0) this.#out.byte(SPACE);
    this.#names.print(id, TAG_NAMES);
  }

  /** Prints a declaration of `name`. See {@link DeclaredName}. */
  declaration(id: TypeId, name: DeclaredName, level: number, depth: number): void {
    const chain = this.#chain;
    const start = chain.length;
    const types = this.#types;
    let at = id;
    for (;;) {
      this.#limit.step(id, depth + chain.length - start);
      const kind = types.kind(at);
      const isModifier = kind === BtfKind.VOLATILE || kind === BtfKind.CONST || kind === BtfKind.RESTRICT;
      if (!(this.#stripModifiers && (isModifier || kind === BtfKind.TYPE_TAG))) chain.push(at);
      if (at === 0) break;
      if (isModifier || kind === BtfKind.PTR || kind === BtfKind.TYPE_TAG || kind === BtfKind.ARRAY) {
        at = types.target(at);
      } else if (kind === BtfKind.FUNC_PROTO) {
        at = types.third(at);
      } else {
        break;
      }
    }
    this.#unwind(start, name, level, depth + 1);
    chain.length = start;
  }

  /** Pops the types above `start` from the chain and prints them, the base type first. */
  #unwind(start: number, name: DeclaredName, level: number, depth: number): void {
    const chain = this.#chain;
    const types = this.#types;
    const out = this.#out;
    let afterPointer = true;
    while (chain.length > start) {
      const id = chain.pop() as TypeId;
      this.#limit.step(id, depth);
      if (id === 0) {
        this.#modifiers(start);
        out.text("void");
        afterPointer = false;
        continue;
      }
      const kind = types.kind(id);
      switch (kind) {
        case BtfKind.INT:
        case BtfKind.FLOAT:
          this.#modifiers(start);
          out.name(this.#strings, types.nameOffset(id));
          break;
        case BtfKind.STRUCT:
        case BtfKind.UNION: {
          this.#modifiers(start);
          if (types.nameOffset(id) === 0) {
            this.structDefinition(id, level, depth);
          } else {
            this.structName(id);
          }
          break;
        }
        case BtfKind.ENUM:
        case BtfKind.ENUM64:
          this.#modifiers(start);
          if (types.nameOffset(id) === 0) this.enumDefinition(id, level);
          else this.#enumName(id);
          break;
        case BtfKind.FWD:
          this.#modifiers(start);
          this.forwardName(id);
          break;
        case BtfKind.TYPEDEF:
          this.#modifiers(start);
          this.#names.print(id, ORDINARY_NAMES);
          break;
        case BtfKind.PTR:
          out.text(afterPointer ? "*" : " *");
          break;
        case BtfKind.VOLATILE:
          out.text(" volatile");
          break;
        case BtfKind.CONST:
          out.text(" const");
          break;
        case BtfKind.RESTRICT:
          out.text(" restrict");
          break;
        case BtfKind.TYPE_TAG: {
          this.#modifiers(start);
          const isAttribute = types.kindFlag(id);
          out.text(isAttribute ? " __attribute__((" : ' __attribute__((btf_type_tag("');
          out.name(this.#strings, types.nameOffset(id));
          out.text(isAttribute ? "))" : '")))');
          break;
        }
        case BtfKind.ARRAY:
          this.#arrayDeclaration(id, start, name, afterPointer, level, depth);
          return;
        case BtfKind.FUNC_PROTO:
          this.#functionDeclaration(id, start, name, afterPointer, level, depth);
          return;
        default:
          throw this.#btf.error(id, "is used in a declaration, but C has no such type");
      }
      afterPointer = kind === BtfKind.PTR;
    }
    this.#declaredName(name, afterPointer);
  }

  #arrayDeclaration(
    id: TypeId,
    start: number,
    name: DeclaredName,
    afterPointer: boolean,
    level: number,
    depth: number,
  ): void {
    const chain = this.#chain;
    const out = this.#out;
    // GCC repeats the modifiers of the element on the array. They are not printed twice.
    this.#dropModifiers(start);
    if (chain.length === start) {
      this.#declaredName(name, afterPointer);
    } else {
      const isNested = this.#types.kind(chain[chain.length - 1] as TypeId) === BtfKind.ARRAY;
      if (!afterPointer && this.#hasName(name)) out.byte(SPACE);
      if (!isNested) out.byte(OPENING_PARENTHESIS);
      this.#unwind(start, name, level, depth + 1);
      if (!isNested) out.byte(CLOSING_PARENTHESIS);
    }
    out.byte(OPENING_BRACKET);
    out.decimal(this.#words[this.#types.after(id) + 2] as number);
    out.byte(CLOSING_BRACKET);
  }

  #functionDeclaration(
    id: TypeId,
    start: number,
    name: DeclaredName,
    afterPointer: boolean,
    level: number,
    depth: number,
  ): void {
    const chain = this.#chain;
    const types = this.#types;
    const words = this.#words;
    const out = this.#out;
    // GCC marks pointers to noreturn functions as volatile. The modifier is not printed.
    this.#dropModifiers(start);
    if (chain.length > start) {
      out.text(" (");
      this.#unwind(start, name, level, depth + 1);
      out.byte(CLOSING_PARENTHESIS);
    } else {
      this.#declaredName(name, afterPointer);
    }
    const vlen = types.vlen(id);
    const first = types.after(id);
    if (vlen === 0 || (vlen === 1 && words[first + 1] === 0)) {
      out.text("(void)");
      return;
    }
    out.byte(OPENING_PARENTHESIS);
    for (let i = 0, at = first; i < vlen; i++, at += 2) {
      if (i > 0) out.text(", ");
      if (i === vlen - 1 && words[at + 1] === 0) {
        out.text("...");
        break;
      }
      this.declaration(words[at + 1] as number, -(words[at] as number) - 1, level, depth + 1);
    }
    out.byte(CLOSING_PARENTHESIS);
  }

  /**
   * Pops the modifiers at the end of the chain and prints them. Used where the type that they modify is not a pointer.
   */
  #modifiers(start: number): void {
    const chain = this.#chain;
    while (chain.length > start) {
      switch (this.#types.kind(chain[chain.length - 1] as TypeId)) {
        case BtfKind.VOLATILE:
          this.#out.text("volatile ");
          break;
        case BtfKind.CONST:
          this.#out.text("const ");
          break;
        case BtfKind.RESTRICT:
          this.#out.text("restrict ");
          break;
        default:
          return;
      }
      chain.pop();
    }
  }

  #dropModifiers(start: number): void {
    const chain = this.#chain;
    while (chain.length > start) {
      const kind = this.#types.kind(chain[chain.length - 1] as TypeId);
      const isModifier = kind === BtfKind.VOLATILE || kind === BtfKind.CONST || kind === BtfKind.RESTRICT;
      if (!isModifier && kind !== BtfKind.TYPE_TAG) return;
      chain.pop();
    }
  }

  #hasName(name: DeclaredName): boolean {
    if (typeof name === "string") return name !== "";
    return this.#strings[name < 0 ? -1 - name : this.#types.nameOffset(name)] !== 0;
  }

  #declaredName(name: DeclaredName, afterPointer: boolean): void {
    if (!afterPointer && this.#hasName(name)) this.#out.byte(SPACE);
    if (typeof name === "string") this.#out.text(name);
    else if (name < 0) this.#out.name(this.#strings, -1 - name);
    else this.#names.print(name, ORDINARY_NAMES);
  }
}
