import type { Btf } from "../btf.ts";
import type { TypeId } from "../types.ts";
import { ByteSink, decodePieces } from "./byte-sink.ts";
import { type DeclarationOptions, DeclarationPrinter } from "./c-declarations.ts";
import { NamePrinter } from "./c-names.ts";
import { FlatTypes } from "./flat-types.ts";
import { C_PER_BYTE, limitOutput, WorkLimit } from "./work-limit.ts";

/**
 * Prints single C declarations as libbpf's `btf_dump__emit_type_decl` does. A type whose name an earlier declaration
 * used for another type gets a number, as in `struct name___2`.
 */
export class CDeclarations {
  readonly #out: ByteSink;
  readonly #printer: DeclarationPrinter;
  #pieces: Uint8Array[] = [];

  constructor(btf: Btf) {
    const types = new FlatTypes(btf);
    types.check();
    this.#out = new ByteSink(limitOutput(types, C_PER_BYTE, (piece) => this.#pieces.push(piece.slice())));
    this.#printer = new DeclarationPrinter(types, this.#out, new WorkLimit(types), new NamePrinter(types, this.#out));
  }

  /** Returns a declaration, for instance `int (*name)(void)`. Anonymous structs are printed in full. */
  format(id: TypeId, name: string, options: DeclarationOptions = {}): string {
    this.#printer.declare(id, name, options);
    this.#out.flush();
    const text = decodePieces(this.#pieces);
    this.#pieces = [];
    return text;
  }
}
