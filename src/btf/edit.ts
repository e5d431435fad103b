import { UsageError } from "../errors/index.ts";
import type { Btf } from "./btf.ts";
import { encodeBlob } from "./encode-blob.ts";
import { encodeType, type NewBtfType } from "./encode-type.ts";
import { HEADER_SIZE_WITH_LAYOUT } from "./header.ts";
import { STRINGS, WORDS } from "./memory-keys.ts";
import { StringTable } from "./string-table.ts";
import { BtfKind, type BtfSecInfo, type TypeId } from "./types.ts";

/** The numbers of the linkages of FUNC and VAR. */
const LINKAGE = { static: 0, global: 1, extern: 2 } as const;

/**
 * Changes a BTF's own types without changing any id. A loader does this to an object's BTF before it gives the BTF to
 * the kernel. The original stays as it is; {@link encode} returns the changed blob.
 */
export class BtfEdit {
  readonly btf: Btf;
  readonly #words: Uint32Array;
  readonly #added: number[][] = [];
  readonly #strings: StringTable;

  constructor(btf: Btf) {
    this.btf = btf;
    this.#words = btf[WORDS].slice();
    this.#strings = new StringTable(btf.stringStart, btf);
    // The old strings keep their offsets; new strings go after them.
    this.#strings.append(btf[STRINGS]);
  }

  /** Adds a string to the BTF, unless it is there already. Returns the string's offset. */
  addString(text: string): number {
    return this.#strings.add(text);
  }

  setName(id: TypeId, name: string): void {
    this.#words[this.#at(id)] = this.#strings.add(name);
  }

  /** Sets a type's name to the string at an offset. */
  setNameOffset(id: TypeId, offset: number): void {
    this.#words[this.#at(id)] = offset;
  }

  /** Replaces kind, vlen and kind flag. The changed type must take as many bytes as before. */
  setInfo(id: TypeId, kind: BtfKind, vlen = 0, flag = false): void {
    this.#words[this.#at(id) + 1] = ((flag ? 0x80000000 : 0) | (kind << 24) | vlen) >>> 0;
  }

  /** Sets the size of a type, in the union `size`/`type`. */
  setSize(id: TypeId, size: number): void {
    this.#words[this.#at(id) + 2] = size;
  }

  /** Sets the type that a pointer, typedef, modifier, FUNC, VAR or tag refers to. */
  setTarget(id: TypeId, target: TypeId): void {
    this.setSize(id, target);
  }

  /** Sets the linkage of a FUNC or a VAR. */
  setLinkage(id: TypeId, linkage: "static" | "global" | "extern"): void {
    const kind = this.btf.kind(id);
    if (kind === BtfKind.FUNC) this.setInfo(id, kind, LINKAGE[linkage]);
    else if (kind === BtfKind.VAR) this.setExtra(id, 0, LINKAGE[linkage]);
    else throw new UsageError(`type ${id} is neither a function nor a variable`);
  }

  /**
   * Sets the size and the entries of a DATASEC. The number of entries must not change, and they must be in ascending
   * order, as the kernel requires.
   */
  setDatasec(id: TypeId, size: number, variables: readonly BtfSecInfo[]): void {
    if (this.btf.kind(id) !== BtfKind.DATASEC || variables.length !== this.btf.vlen(id)) {
      throw new UsageError(`type ${id} is not a DATASEC of ${variables.length} variables`);
    }
    this.setSize(id, size);
    variables.forEach((variable, i) => {
      this.setExtra(id, 3 * i, variable.type);
      this.setExtra(id, 3 * i + 1, variable.offset);
      this.setExtra(id, 3 * i + 2, variable.size);
    });
  }

  /** Sets word number `index` after `struct btf_type`; `index` counts from 0. */
  setExtra(id: TypeId, index: number, value: number): void {
    this.#words[this.#at(id) + 3 + index] = value;
  }

  /** Adds a type after all others. The old types may refer to it. */
  append(type: NewBtfType): TypeId {
    this.#added.push(encodeType(type, (name) => this.#strings.add(name)));
    return this.btf.endId + this.#added.length - 1;
  }

  /** Encodes the changed blob. The layout section, which describes the kinds, is dropped if `layout` is false. */
  encode(options: { little?: boolean | undefined; layout?: boolean | undefined } = {}): Uint8Array {
    const { header, data } = this.btf;
    const layout =
      options.layout === false
        ? undefined
        : data.subarray(header.layoutStart, header.layoutStart + header.layoutLength);
    return encodeBlob({
      little: options.little ?? this.btf.little,
      words: [this.#words, ...this.#added],
      strings: this.#strings.pieces,
      layout,
      hasLongHeader: options.layout !== false && header.headerLength >= HEADER_SIZE_WITH_LAYOUT,
    });
  }

  #at(id: TypeId): number {
    if (id < this.btf.firstId) throw new UsageError(`type ${id} belongs to the base BTF and cannot be changed here`);
    return this.btf.wordIndex(id);
  }
}
