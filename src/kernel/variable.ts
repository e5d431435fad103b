import { type Btf, compileReader, compileWriter } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import type { VariableSpec } from "../object/index.ts";
import type { DataSection } from "./data-section.ts";

/** A global variable of a loaded object, as its programs see it: read and written in the memory that they use. */
export class Variable {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** In a read-only section: frozen since the load. */
  readonly isConstant: boolean;
  readonly #spec: VariableSpec;
  readonly #section: DataSection;
  readonly #btf: Btf | undefined;

  constructor(spec: VariableSpec, section: DataSection, btf: Btf | undefined) {
    this.name = spec.name;
    this.size = spec.size;
    this.isConstant = spec.isConstant;
    this.#spec = spec;
    this.#section = section;
    this.#btf = spec.typeId === 0 ? undefined : btf;
  }

  /** The value by its BTF type; a copy of the bytes where it has none. Throws ClosedError once the object is closed. */
  // biome-ignore lint/suspicious/noExplicitAny: what BTF decodes to is known to the caller alone
  get value(): any {
    const { typeId, offset, size } = this.#spec;
    const bytes = this.#section.read(offset, size);
    if (this.#btf === undefined) return bytes;
    return compileReader(this.#btf, typeId)(new DataView(bytes.buffer), 0);
  }

  /** Writes the variable's bytes; its neighbours stay as they are. Throws UsageError for a wrong type or range. */
  set value(next: unknown) {
    if (this.isConstant) throw new UsageError(`variable ${this.name} is constant: set it in the spec, before the load`);
    const { typeId, offset, size } = this.#spec;
    let bytes = new Uint8Array(size);
    if (this.#btf !== undefined) {
      compileWriter(this.#btf, typeId, { name: this.name })(new DataView(bytes.buffer), 0, next);
    } else if (next instanceof Uint8Array && next.length === size) bytes = next.slice();
    else throw new UsageError(`variable ${this.name} has no BTF: it takes a Uint8Array of ${size} bytes`);
    this.#section.write(offset, bytes);
  }
}
