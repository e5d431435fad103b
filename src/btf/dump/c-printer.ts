import { ownValue } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import { BtfKind, type TypeId } from "../types.ts";
import type { ByteSink } from "./byte-sink.ts";
import { DeclarationPrinter } from "./c-declarations.ts";
import { NamePrinter } from "./c-names.ts";
import { EmissionOrder } from "./emission-order.ts";
import type { FlatTypes } from "./flat-types.ts";
import { ORDINARY_NAMES, TAG_NAMES } from "./name-counts.ts";
import { WorkLimit } from "./work-limit.ts";

const NOT_PRINTED = 0;
const PRINTING = 1;
const PRINTED = 2;

/** GCC's internal types for Arm's SIMD intrinsics. No compiler accepts them in source code, so they need a typedef. */
const MISSING_BASE_TYPES: Readonly<Record<string, string>> = {
  __Poly8_t: "unsigned char",
  __Poly16_t: "unsigned short",
  __Poly64_t: "unsigned long long",
  __Poly128_t: "unsigned __int128",
};

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
  readonly #order: EmissionOrder;
  readonly #printStates: Uint8Array;
  /** For each type: 1 if it is a struct whose forward declaration was printed, or a typedef that was printed early. */
  readonly #isForwarded: Uint8Array;
  readonly #names: NamePrinter;
  readonly #declarations: DeclarationPrinter;

  constructor(types: FlatTypes, out: ByteSink) {
    this.#types = types;
    this.#btf = types.btf;
    this.#words = types.words;
    this.#strings = types.strings;
    this.#out = out;
    this.#limit = new WorkLimit(types);
    this.#printStates = new Uint8Array(types.endId);
    this.#printStates[0] = PRINTED;
    this.#isForwarded = new Uint8Array(types.endId);
    this.#names = new NamePrinter(types, out);
    this.#declarations = new DeclarationPrinter(types, out, this.#limit, this.#names);
    this.#order = new EmissionOrder(types, types.check(), this.#limit);
  }

  /** Prints the definitions that a type needs, in an order that C accepts, and then the definition of the type. */
  define(id: TypeId): void {
    for (const next of this.#order.next(id)) this.#printType(next, 0, 0);
  }

  /** Returns true if {@link define} has already handled this type. */
  isDefined(id: TypeId): boolean {
    return this.#order.isOrdered(id);
  }

  /** Prints a declaration, for instance `int (*name)(void)`. Anonymous structs are printed in full. */
  declare(id: TypeId, name: string): void {
    this.#declarations.declare(id, name);
  }

  /**
   * Prints a type. If `container` is 0, prints a definition from the emission order. Otherwise prints what a member of
   * `container` needs before the container, such as the forward declaration of a struct behind a pointer.
   */
  #printType(id: TypeId, container: TypeId, depth: number): void {
    const states = this.#printStates;
    if (states[id] === PRINTED) return;
    const types = this.#types;
    this.#limit.step(id, depth, types.vlen(id));
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
          this.#declarations.enumDefinition(id, 0);
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
        this.#declarations.forwardName(id);
        this.#out.text(";\n\n");
        states[id] = PRINTED;
        break;
      case BtfKind.TYPEDEF:
        states[id] = PRINTING;
        this.#printType(types.target(id), id, depth + 1);
        if (this.#isForwarded[id] === 0) this.#typedefLine(id);
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
    } else if (this.#isForwarded[id] === 0 && id !== container) {
      this.#forwardLine(id);
    }
    if (isTop) {
      this.#declarations.structDefinition(id, 0, 0);
      this.#out.text(";\n\n");
      states[id] = PRINTED;
    } else {
      states[id] = NOT_PRINTED;
    }
  }

  /** Prints a forward declaration or a typedef of a type that is needed before its definition is finished. */
  #printForward(id: TypeId, kind: BtfKind, container: TypeId): void {
    if (this.#isForwarded[id] !== 0) return;
    if (kind === BtfKind.STRUCT || kind === BtfKind.UNION) {
      // Inside its own definition a struct needs no forward declaration. An anonymous struct cannot have one.
      if (id === container || this.#types.nameOffset(id) === 0) return;
      this.#forwardLine(id);
    } else if (kind === BtfKind.TYPEDEF) {
      this.#typedefLine(id);
      this.#isForwarded[id] = 1;
    }
  }

  #forwardLine(id: TypeId): void {
    this.#declarations.structName(id);
    this.#out.text(";\n\n");
    this.#isForwarded[id] = 1;
  }

  #typedefLine(id: TypeId): void {
    // The compiler defines __builtin_va_list itself.
    if (this.#names.isNamed(id, "__builtin_va_list")) return;
    const target = this.#types.target(id);
    if (target === 0 && this.#names.isNamed(id, "__gnuc_va_list")) {
      // Old versions of GCC describe __gnuc_va_list as void.
      this.#names.choose(id, ORDINARY_NAMES);
      this.#out.text("typedef __builtin_va_list __gnuc_va_list;\n\n");
      return;
    }
    this.#names.choose(id, ORDINARY_NAMES);
    this.#out.text("typedef ");
    this.#declarations.declaration(target, id, 0, 0);
    this.#out.text(";\n\n");
  }

  #printMissingAlias(id: TypeId): void {
    this.#names.choose(id, TAG_NAMES);
    const first = this.#types.nameOffset(id);
    if (this.#strings[first] !== 0x5f || this.#strings[first + 2] !== 0x50) return;
    const name = this.#btf.string(first);
    const alias = ownValue(MISSING_BASE_TYPES, name);
    if (alias !== undefined) this.#out.text(`typedef ${alias} ${name};\n\n`);
  }
}
