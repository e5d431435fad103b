import { UsageError } from "../errors/index.ts";
import type { Btf } from "./btf.ts";
import { encodeBlob } from "./encode-blob.ts";
import { encodeType, type NewBtfType } from "./encode-type.ts";
import { STRINGS } from "./memory-keys.ts";
import { StringTable } from "./string-table.ts";
import type { TypeId } from "./types.ts";

/** Builds a BTF blob type by type. */
export class BtfBuilder {
  readonly base: Btf | undefined;
  readonly little: boolean;
  /** The id of the first type of this builder: 1, or `base.endId`. */
  readonly firstId: TypeId;
  readonly #strings: StringTable;
  readonly #types: (readonly number[] | undefined)[] = [];
  readonly #known = new Map<string, TypeId>();

  /**
   * With `base` the result is a split BTF. `little` is true for little-endian. By default it is as in the base, or true
   * without a base.
   */
  constructor(options: { base?: Btf | undefined; little?: boolean | undefined } = {}) {
    this.base = options.base;
    this.little = options.little ?? options.base?.little ?? true;
    this.firstId = this.base?.endId ?? 1;
    this.#strings = new StringTable(
      this.base === undefined ? 0 : this.base.stringStart + this.base[STRINGS].length,
      this.base,
    );
    if (this.base === undefined) this.#strings.append(new Uint8Array(1));
  }

  /** The id after the last type. */
  get endId(): TypeId {
    return this.firstId + this.#types.length;
  }

  /** Adds a string to the string section, unless it is there already. Returns the string's offset. */
  addString(text: string): number {
    return this.#strings.add(text);
  }

  /** Adds a type, unless the builder has an equal type already. Returns the id of the type. */
  add(type: NewBtfType): TypeId {
    const words = this.#encode(type);
    const key = words.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#types.push(words);
    this.#known.set(key, this.endId - 1);
    return this.endId - 1;
  }

  /** Adds a type even if the builder has an equal type, so that the ids follow the order of the calls. */
  append(type: NewBtfType): TypeId {
    this.#types.push(this.#encode(type));
    return this.endId - 1;
  }

  /** Returns the id for a type that {@link set} adds later. Types that refer to themselves need this. */
  reserve(): TypeId {
    this.#types.push(undefined);
    return this.endId - 1;
  }

  /**
   * Sets the content of a type. The id must come from {@link reserve}, {@link add} or {@link append} of this builder.
   */
  set(id: TypeId, type: NewBtfType): void {
    if (!(id >= this.firstId && id < this.endId)) throw new UsageError(`type ${id} was not added to this BTF`);
    const index = id - this.firstId;
    const old = this.#types[index]?.join();
    if (old !== undefined && this.#known.get(old) === id) this.#known.delete(old);
    this.#types[index] = this.#encode(type);
  }

  /**
   * Encodes the blob. With `hasLongHeader` the header has the size that libbpf 1.8 writes. Throws UsageError if a
   * reserved id was never set.
   */
  encode({ hasLongHeader = false } = {}): Uint8Array {
    const words = this.#types.map((type, index) => {
      if (type === undefined) throw new UsageError(`type ${this.firstId + index} was reserved, but never set`);
      return type;
    });
    return encodeBlob({ little: this.little, words, strings: this.#strings.pieces, hasLongHeader });
  }

  #encode(type: NewBtfType): number[] {
    return encodeType(type, (name) => this.#strings.add(name));
  }
}
