import { type Btf, BtfKind, compileReader, compileWriter } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";

/** The map of a data section. */
interface DataMap {
  contents: Uint8Array | undefined;
}

/** The members of a {@link VariableSpec}. */
export interface VariablePlace {
  readonly name: string;
  readonly sectionName: string;
  readonly map: DataMap;
  readonly offset: number;
  readonly size: number;
  /** The id of the variable's type; 0 without BTF. */
  readonly typeId: number;
  readonly btf: Btf | undefined;
  readonly isConstant: boolean;
}

/** A global variable of an object file. When the program is loaded, the variable has the value that is set here. */
export class VariableSpec {
  readonly name: string;
  /** The name of the variable's section. The map has the same name, except for the arena's section `.addr_space.1`. */
  readonly sectionName: string;
  /** The id of the variable's type in the object's BTF; 0 if it has none. */
  readonly typeId: number;
  /** The offset in the section, in bytes. */
  readonly offset: number;
  /** The size of the variable in bytes. */
  readonly size: number;
  /**
   * True if the variable is in `.rodata*`. Programs can only read such a variable, and the verifier knows its value.
   */
  readonly isConstant: boolean;
  readonly #map: DataMap;
  readonly #btf: Btf | undefined;

  constructor(place: VariablePlace) {
    this.name = place.name;
    this.sectionName = place.sectionName;
    this.typeId = place.typeId;
    this.offset = place.offset;
    this.size = place.size;
    this.isConstant = place.isConstant;
    this.#map = place.map;
    this.#btf = place.btf;
  }

  /** The variable's initial bytes. This is a view: writing to it changes the variable. */
  get bytes(): Uint8Array {
    const { contents } = this.#map;
    if (contents === undefined || contents.length < this.offset + this.size) {
      throw new UsageError(
        `variable ${this.name} (${this.size} bytes at offset ${this.offset}) does not lie in the contents of ${this.sectionName}`,
      );
    }
    return contents.subarray(this.offset, this.offset + this.size);
  }

  set bytes(bytes: Uint8Array) {
    if (bytes.length !== this.size) {
      throw new UsageError(`variable ${this.name} takes ${this.size} bytes, not ${bytes.length}`);
    }
    this.bytes.set(bytes);
  }

  /** The variable's initial value, decoded by its type: a number, bigint, boolean, string, array or object. */
  get value(): unknown {
    const bytes = this.bytes;
    return compileReader(this.#types(), this.typeId)(viewOf(bytes), 0);
  }

  /** Sets the initial value. Throws UsageError if the value does not fit the type. */
  set value(value: unknown) {
    const bytes = this.bytes;
    compileWriter(this.#types(), this.typeId, { name: this.name })(viewOf(bytes), 0, value);
  }

  #types(): Btf {
    const btf = this.#btf;
    if (btf === undefined || btf.kind(this.typeId) === BtfKind.VOID) {
      throw new UsageError(`variable ${this.name} has no type information; read and write its bytes instead`);
    }
    return btf;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
