import type { Btf } from "../btf.ts";
import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import { EmissionOrder } from "./emission-order.ts";
import { FlatLayout } from "./flat-layout.ts";
import type { FlatTypes } from "./flat-types.ts";
import { NameCounts, type NameSpace, ORDINARY_NAMES, TAG_NAMES } from "./name-counts.ts";
import { WorkLimit } from "./work-limit.ts";

const NOT_PRINTED = 0;
const PRINTING = 1;
const PRINTED = 2;

const FORWARD_PRINTED = 1;
const NAME_CHOSEN = 2;

/** The most bytes of a name with its suffix, such as `___2`: libbpf's buffer has 256 bytes. */
const LONGEST_NUMBERED_NAME = 255;

/** GCC's internal types for Arm's SIMD intrinsics. No compiler accepts them in source code, so they need a typedef. */
const MISSING_BASE_TYPES: Readonly<Record<string, string>> = {
  __Poly8_t: "unsigned char",
  __Poly16_t: "unsigned short",
  __Poly64_t: "unsigned long long",
  __Poly128_t: "unsigned __int128",
};

const BITFIELD_PADDING_NAMES = ["long", "int", "short", "char"] as const;

/**
 * Prints types as C like libbpf's `btf_dump`. Each definition is printed once, after the definitions that it needs,
 * even over several calls of {@link define}.
 */
export class CPrinter {
  readonly #types: FlatTypes;
  readonly #btf: Btf;
  readonly #words: Uint32Array;
  readonly #strings: Uint8Array;
  readonly #out: ByteSink;
  readonly #limit: WorkLimit;
  readonly #pointerSize: number;
  readonly #order: EmissionOrder;
  readonly #printStates: Uint8Array;
  readonly #flags: Uint8Array;
  /** The number to append to the name, for each type whose name another type has used before. */
  readonly #nameNumbers = new Map<TypeId, number>();
  readonly #names: NameCounts;
  readonly #layout: FlatLayout;
  /**
   * A stack with the parts of a declaration: the outermost type first, the innermost last. A declaration inside another
   * one uses the part of the stack above it.
   */
  readonly #chain: TypeId[] = [];
  #stripModifiers = false;

  constructor(types: FlatTypes, out: ByteSink) {
    this.#types = types;
    this.#btf = types.btf;
    this.#words = types.words;
    this.#strings = types.strings;
    this.#out = out;
    this.#limit = new WorkLimit(types, out);
    this.#pointerSize = types.btf.pointerSize;
    this.#printStates = new Uint8Array(types.endId);
    this.#printStates[0] = PRINTED;
    this.#flags = new Uint8Array(types.endId);
    this.#names = new NameCounts(types.strings, types.endId / 2);
    this.#layout = new FlatLayout(types, this.#pointerSize);
    this.#order = new EmissionOrder(types, types.check(), this.#limit);
  }

  /** Prints the definitions that a type needs, in an order that C accepts, and then the type's own. */
  define(id: TypeId): void {
    for (const next of this.#order.next(id)) this.#printType(next, 0, 0);
  }

  /** Returns true if {@link define} has already handled this type. */
  isDefined(id: TypeId): boolean {
    return this.#order.isOrdered(id);
  }

  /** Prints a declaration, for instance `int (*name)(void)`. Anonymous structs are printed in full. */
  declare(id: TypeId, name: string, options: { level?: number; stripModifiers?: boolean } = {}): void {
    this.#stripModifiers = options.stripModifiers === true;
    this.#declaration(id, name, options.level ?? 0, 0);
    this.#stripModifiers = false;
  }

  /**
   * Prints a type. With `container` 0 it prints a definition from the emission order. Otherwise it prints what a member
   * of `container` needs before it, such as a forward declaration of a struct behind a pointer.
   */
  #printType(id: TypeId, container: TypeId, depth: number): void {
    const states = this.#printStates;
    if (states[id] === PRINTED) return;
    this.#limit.step(id, depth);
    const types = this.#types;
    const kind = types.kind(id);
    if (states[id] === PRINTING) {
      this.#printForward(id, kind, container);
      return;
    }
    const isTop = container === 0;
    switch (kind) {
      case BtfKind.INT:
        this.#printMissingAlias(id);
        states[id] = PRINTED;
        break;
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        if (isTop) {
          this.#enumDefinition(id, 0);
          this.#out.text(";\n\n");
        }
        states[id] = PRINTED;
        break;
      case BtfKind.PTR:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
      case BtfKind.ARRAY:
        this.#printType(types.target(id), container, depth + 1);
        break;
      case BtfKind.FWD:
        this.#forwardName(id);
        this.#out.text(";\n\n");
        states[id] = PRINTED;
        break;
      case BtfKind.TYPEDEF:
        states[id] = PRINTING;
        this.#printType(types.target(id), id, depth + 1);
        if (((this.#flags[id] as number) & FORWARD_PRINTED) === 0) this.#typedefLine(id);
        states[id] = PRINTED;
        break;
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        this.#printStruct(id, container, depth);
        break;
      case BtfKind.FUNC_PROTO: {
        this.#printType(types.third(id), container, depth + 1);
        const vlen = types.vlen(id);
        for (let i = 0, at = types.after(id); i < vlen; i++, at += 2) {
          this.#printType(this.#words[at + 1] as number, container, depth + 1);
        }
        break;
      }
      default:
        break;
    }
  }

  #printStruct(id: TypeId, container: TypeId, depth: number): void {
    const types = this.#types;
    const states = this.#printStates;
    const isAnonymous = types.nameOffset(id) === 0;
    const isTop = container === 0;
    states[id] = PRINTING;
    // The members' types must be printed first. The types in an anonymous struct must be printed before the struct that
    // contains it.
    if (isTop || isAnonymous) {
      const inside = isAnonymous ? container : id;
      const vlen = types.vlen(id);
      for (let i = 0, at = types.after(id); i < vlen; i++, at += 3) {
        this.#printType(this.#words[at + 1] as number, inside, depth + 1);
      }
    } else if (((this.#flags[id] as number) & FORWARD_PRINTED) === 0 && id !== container) {
      this.#forwardLine(id);
    }
    if (isTop) {
      this.#structDefinition(id, 0, 0);
      this.#out.text(";\n\n");
      states[id] = PRINTED;
    } else {
      states[id] = NOT_PRINTED;
    }
  }

  /** Prints a forward declaration or a typedef of a type that is needed before its definition is finished. */
  #printForward(id: TypeId, kind: BtfKind, container: TypeId): void {
    if (((this.#flags[id] as number) & FORWARD_PRINTED) !== 0) return;
    if (kind === BtfKind.STRUCT || kind === BtfKind.UNION) {
      // Inside its own definition a struct needs no forward declaration. An anonymous struct cannot have one.
      if (id === container || this.#types.nameOffset(id) === 0) return;
      this.#forwardLine(id);
    } else if (kind === BtfKind.TYPEDEF) {
      this.#typedefLine(id);
      this.#flags[id] = (this.#flags[id] as number) | FORWARD_PRINTED;
    }
  }

  #forwardLine(id: TypeId): void {
    this.#structName(id);
    this.#out.text(";\n\n");
    this.#flags[id] = (this.#flags[id] as number) | FORWARD_PRINTED;
  }

  #typedefLine(id: TypeId): void {
    // The compiler defines __builtin_va_list itself.
    if (this.#isNamed(id, "__builtin_va_list")) return;
    const target = this.#types.target(id);
    if (target === 0 && this.#isNamed(id, "__gnuc_va_list")) {
      // Old versions of GCC describe this type as void.
      this.#chooseName(id, ORDINARY_NAMES);
      this.#out.text("typedef __builtin_va_list __gnuc_va_list;\n\n");
      return;
    }
    this.#chooseName(id, ORDINARY_NAMES);
    this.#out.text("typedef ");
    this.#declaration(target, id, 0, 0);
    this.#out.text(";\n\n");
  }

  #printMissingAlias(id: TypeId): void {
    this.#chooseName(id, TAG_NAMES);
    const first = this.#types.nameOffset(id);
    if (this.#strings[first] !== 0x5f || this.#strings[first + 2] !== 0x50) return;
    const name = this.#btf.string(first);
    const alias = Object.hasOwn(MISSING_BASE_TYPES, name) ? MISSING_BASE_TYPES[name] : undefined;
    if (alias !== undefined) this.#out.text(`typedef ${alias} ${name};\n\n`);
  }

  #structName(id: TypeId): void {
    this.#out.text(this.#types.kind(id) === BtfKind.STRUCT ? "struct" : "union");
    if (this.#types.nameOffset(id) !== 0) this.#out.byte(SPACE);
    this.#typeName(id, TAG_NAMES);
  }

  #forwardName(id: TypeId): void {
    this.#out.text(this.#types.kindFlag(id) ? "union " : "struct ");
    this.#typeName(id, TAG_NAMES);
  }

  #structDefinition(id: TypeId, level: number, depth: number): void {
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
    this.#structName(id);
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
        this.#padding(end, offset, memberAlign, afterBitfield && bits !== 0, level + 1);
      }
      this.#newLine(level + 1);
      this.#declaration(type, -(words[at] as number) - 1, level + 1, depth);
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
    if (isStruct) this.#padding(end, 8 * size, align, false, level + 1);
    if (vlen > 0 || size > 0) this.#newLine(level);
    out.byte(CLOSING_BRACE);
    if (isPacked) out.text(" __attribute__((packed))");
  }

  /** Prints unnamed bitfields for a gap that the compiler would not leave without them. Offsets are in bits. */
  #padding(from: number, to: number, nextAlign: number, inBitfield: boolean, level: number): void {
    if (from >= to) return;
    let at = from;
    let bits = 0;
    let name = "";
    let aligned = 0;
    for (let i = 0; i < BITFIELD_PADDING_NAMES.length; i++) {
      bits = this.#paddingBits(i);
      name = BITFIELD_PADDING_NAMES[i] as string;
      aligned = roundUp(at, bits);
      if (aligned <= to) break;
    }
    if (aligned > at && aligned <= to) {
      // Without `long: 0` or the like, the compiler might put the next bitfield or member before `aligned`.
      const fillsWithoutMark = aligned !== to && to - aligned > aligned - at;
      const alignsByItself = aligned === to && roundUp(at, 8 * nextAlign) === aligned;
      if (inBitfield || !(fillsWithoutMark || alignsByItself)) {
        this.#paddingLine(name, inBitfield ? aligned - at : 0, level);
      }
      at = aligned;
    }
    for (; to - at >= bits; at += bits) {
      this.#limit.checkOutput();
      this.#paddingLine(name, bits, level);
    }
    const rest = to - at;
    if (rest === 0) return;
    let smallest = BITFIELD_PADDING_NAMES.length - 1;
    while (smallest > 0 && this.#paddingBits(smallest) < rest) smallest--;
    this.#paddingLine(BITFIELD_PADDING_NAMES[smallest] as string, rest, level);
  }

  #paddingBits(index: number): number {
    return index === 0 ? 8 * this.#pointerSize : 64 >>> index;
  }

  #paddingLine(name: string, bits: number, level: number): void {
    this.#newLine(level);
    this.#out.text(name);
    this.#out.text(": ");
    this.#out.decimal(bits);
    this.#out.byte(SEMICOLON);
  }

  #enumDefinition(id: TypeId, level: number): void {
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
      this.#newLine(level + 1);
      out.name(this.#strings, name);
      const count = this.#countName(name, ORDINARY_NAMES);
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
    this.#newLine(level);
    out.byte(CLOSING_BRACE);
    const size = types.third(id);
    if (size === 1) out.text(" __attribute__((mode(byte)))");
    else if (size === 8 && this.#pointerSize === 8 && needsWord) out.text(" __attribute__((mode(word)))");
  }

  #enumName(id: TypeId): void {
    this.#out.text("enum");
    if (this.#types.nameOffset(id) !== 0) this.#out.byte(SPACE);
    this.#typeName(id, TAG_NAMES);
  }

  /** Prints a declaration of `name`. See {@link DeclaredName}. */
  #declaration(id: TypeId, name: DeclaredName, level: number, depth: number): void {
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
            this.#structDefinition(id, level, depth);
          } else {
            this.#structName(id);
          }
          break;
        }
        case BtfKind.ENUM:
        case BtfKind.ENUM64:
          this.#modifiers(start);
          if (types.nameOffset(id) === 0) this.#enumDefinition(id, level);
          else this.#enumName(id);
          break;
        case BtfKind.FWD:
          this.#modifiers(start);
          this.#forwardName(id);
          break;
        case BtfKind.TYPEDEF:
          this.#modifiers(start);
          this.#typeName(id, ORDINARY_NAMES);
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
      this.#declaration(words[at + 1] as number, -(words[at] as number) - 1, level, depth + 1);
    }
    out.byte(CLOSING_PARENTHESIS);
  }

  /** Pops the modifiers at the end of the chain and prints them before a type that is not a pointer. */
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
    else this.#typeName(name, ORDINARY_NAMES);
  }

  /** Prints a type's name, with a number if another type with this name was printed before. */
  #typeName(id: TypeId, space: NameSpace): void {
    this.#chooseName(id, space);
    const name = this.#types.nameOffset(id);
    const number = this.#nameNumbers.size === 0 ? undefined : this.#nameNumbers.get(id);
    if (number === undefined) {
      this.#out.name(this.#strings, name);
      return;
    }
    const suffix = `___${number}`;
    let length = 0;
    while (this.#strings[name + length] !== 0) length++;
    this.#out.name(this.#strings, name, LONGEST_NUMBERED_NAME);
    this.#out.text(suffix.slice(0, Math.max(0, LONGEST_NUMBERED_NAME - length)));
  }

  #chooseName(id: TypeId, space: NameSpace): void {
    const flags = this.#flags[id] as number;
    if ((flags & NAME_CHOSEN) !== 0) return;
    const name = this.#types.nameOffset(id);
    if (name === 0) return;
    this.#flags[id] = flags | NAME_CHOSEN;
    const kind = this.#types.kind(id);
    // A forward declaration has the same name as the definition and must not be counted.
    if (kind === BtfKind.FWD || (kind === BtfKind.ENUM && this.#types.vlen(id) === 0)) return;
    const count = this.#countName(name, space);
    if (count > 1) this.#nameNumbers.set(id, count);
  }

  #countName(name: number, space: NameSpace): number {
    return name === 0 ? 1 : this.#names.add(name, space);
  }

  #isNamed(id: TypeId, name: string): boolean {
    const at = this.#types.nameOffset(id);
    for (let i = 0; i < name.length; i++) if (this.#strings[at + i] !== name.charCodeAt(i)) return false;
    return this.#strings[at + name.length] === 0;
  }

  #newLine(level: number): void {
    this.#out.byte(NEW_LINE);
    for (let i = 0; i < Math.min(level, DEEPEST_INDENTATION); i++) this.#out.byte(TAB);
  }
}

/** The name to declare: a text, the id of a typedef, or for a member -1 minus the string offset of its name. */
type DeclaredName = string | number;

/** libbpf's limit on tabs at the start of a line. */
const DEEPEST_INDENTATION = 13;

const TAB = 9;
const NEW_LINE = 10;
const SPACE = 32;
const OPENING_PARENTHESIS = 40;
const CLOSING_PARENTHESIS = 41;
const COMMA = 44;
const SEMICOLON = 59;
const OPENING_BRACKET = 91;
const CLOSING_BRACKET = 93;
const CLOSING_BRACE = 125;

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
