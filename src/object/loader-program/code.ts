import {
  type AssemblyItem,
  assemble,
  callHelper,
  jeq,
  jne,
  jsle,
  jslt,
  label,
  ldImm64,
  ldMapIdx,
  ldMapIdxValue,
  ldx,
  mov,
  type Register,
  r0,
  r1,
  r2,
  r3,
  r6,
  r7,
  r9,
  r10,
  st,
  stx,
  type Width,
} from "../../asm/index.ts";
import { Errno, UsageError } from "../../errors/index.ts";
import type { Fields, Struct, StructValue } from "../../layout/index.ts";
import type { SignedData } from "./plan.ts";

/** The label to jump to when a step has failed. Register r7 then has the step's errno. */
export const CLEANUP = "cleanup";

/**
 * Writes the code and the data of a loader program. Register r6 has the context, r7 the result of the last step. No
 * method relies on a value that an earlier method left in r0 to r5.
 */
export class LoaderCode {
  readonly little: boolean;
  readonly #items: AssemblyItem[] = [];
  readonly #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #dataSize = 0;
  #labels = 0;

  constructor(little: boolean) {
    this.little = little;
  }

  /** Reserves zeroed bytes in the data, aligned for any kernel struct. Returns their offset. */
  reserve(size: number): number {
    const at = this.#dataSize;
    this.#dataSize = Math.ceil((at + size) / 8) * 8;
    return at;
  }

  /** Appends bytes to the data, aligned for any kernel struct. Returns the offset of the bytes. */
  add(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length);
    this.#pieces.push({ at, bytes });
    return at;
  }

  /** Appends a text and a NUL to the data. Returns the offset of the text. */
  addText(text: string): number {
    return this.add(new TextEncoder().encode(`${text}\0`));
  }

  /** Appends a number of 32 bits to the data. Returns its offset. */
  addNumber(value: number): number {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, this.little);
    return this.add(bytes);
  }

  /** Appends the first `size` bytes of a kernel struct to the data. Returns the offset of the struct. */
  addStruct<F extends Fields>(layout: Struct<F>, value: Partial<StructValue<F>>, size: number): number {
    const view = new DataView(new ArrayBuffer(layout.size));
    for (const [name, field] of Object.entries(value)) {
      if (field !== undefined) layout.fields[name]?.write(view, layout.offsets[name] as number, field, this.little);
    }
    return this.add(new Uint8Array(view.buffer, 0, size));
  }

  emit(...items: AssemblyItem[]): void {
    this.#items.push(...items);
  }

  newLabel(): string {
    return `l${this.#labels++}`;
  }

  /** dst = data + at. */
  address(dst: Register, at: number): void {
    this.emit(ldMapIdxValue(dst, 0, at));
  }

  /** *(u64 *)(data + at) = data + of. */
  storeAddress(at: number, of: number): void {
    this.address(r0, of);
    this.address(r1, at);
    this.emit(stx("u64", r1, r0, 0));
  }

  /** *(data + at) = r0. */
  #store(width: Width, at: number): void {
    this.address(r1, at);
    this.emit(stx(width, r1, r0, 0));
  }

  /** *(data + to) = *(data + from). The value stays in r0. */
  copyData(width: Width, to: number, from: number): void {
    this.address(r2, from);
    this.emit(ldx(width, r0, r2, 0));
    this.#store(width, to);
  }

  /** *(data + to) = *(context + from). With `ifSet`, a zero in the context changes nothing. */
  contextToData(width: Width, to: number, from: number, options: { readonly ifSet?: boolean } = {}): void {
    const skip = this.newLabel();
    this.emit(ldx(width, r0, r6, from));
    if (options.ifSet === true) this.emit(jeq(r0, 0, skip));
    this.#store(width, to);
    this.emit(label(skip));
  }

  /** *(u32 *)(context + to) = *(u32 *)(data + from). */
  dataToContext(to: number, from: number): void {
    this.address(r1, from);
    this.emit(ldx("u32", r0, r1, 0), stx("u32", r6, r0, to));
  }

  /** *(u32 *)(data + to) = *(u32 *)(stack + from). */
  stackToData(to: number, from: number): void {
    this.emit(ldx("u32", r0, r10, from));
    this.#store("u32", to);
  }

  /** *(u32 *)(context + to) = *(u32 *)(stack + from). */
  stackToContext(to: number, from: number): void {
    this.emit(ldx("u32", r0, r10, from), stx("u32", r6, r0, to));
  }

  /** *(u32 *)(stack + to) = r7. */
  keepOnStack(to: number): void {
    this.emit(stx("u32", r10, r7, to));
  }

  /** *(u32 *)(data + to) = r7. */
  keepInData(to: number): void {
    this.address(r1, to);
    this.emit(stx("u32", r1, r7, 0));
  }

  /** Ends the loader program if r7 is negative. */
  check(): void {
    this.emit(jslt(r7, 0, CLEANUP));
  }

  /** r7 = bpf(command, data + attr, size). */
  bpf(command: number, attr: number, size: number): void {
    this.emit(mov(r1, command));
    this.address(r2, attr);
    this.emit(mov(r3, size), callHelper("bpf_sys_bpf"), mov(r7, r0));
  }

  /** Closes the fd in r1, if it is one. */
  #close(): void {
    const skip = this.newLabel();
    this.emit(jsle(r1, 0, skip), mov(r9, r1), callHelper("bpf_sys_close"), label(skip));
  }

  /** Closes the fd on the stack, if there is one. */
  closeOnStack(at: number): void {
    this.emit(ldx("u32", r1, r10, at));
    this.#close();
  }

  /** Closes the fd in the data, if there is one. */
  closeInData(at: number): void {
    this.address(r0, at);
    this.emit(ldx("u32", r1, r0, 0));
    this.#close();
  }

  /** *(u32 *)(data + at) = 0. */
  clearData(at: number): void {
    this.address(r0, at);
    this.emit(st("u32", r0, 0, 0));
  }

  /**
   * Returns the code with which a signed loader program checks its data: the program ends unless the map of the data is
   * reserved for this program alone and has this hash. The kernel computed the hash from the frozen map.
   */
  #checkOfData(data: Uint8Array, { hash, place: { sha, excl } }: SignedData): AssemblyItem[] {
    const items: AssemblyItem[] = [];
    if (excl !== undefined) {
      items.push(ldMapIdx(r1, 0), ldx("u32", r2, r1, excl), mov(r7, -Errno.EINVAL), jne(r2, 1, CLEANUP));
    }
    const expected = hash(data);
    const view = new DataView(expected.buffer, expected.byteOffset, expected.byteLength);
    for (let at = 0; at < expected.length; at += 8) {
      items.push(ldMapIdx(r1, 0), ldx("u64", r2, r1, sha + at), ldImm64(r3, view.getBigUint64(at, this.little)));
      items.push(mov(r7, -Errno.EINVAL), jne(r2, r3, CLEANUP));
    }
    return items;
  }

  /** The place of the code that {@link finish} adds to a signed loader program. */
  #checkAt = 0;

  /** Notes that a signed loader program checks its data here. */
  placeCheck(): void {
    this.#checkAt = this.#items.length;
  }

  /** Returns the instructions and the data. */
  finish(signed?: SignedData): { instructions: Uint8Array; data: Uint8Array } {
    const data = new Uint8Array(this.#dataSize);
    for (const { at, bytes } of this.#pieces) data.set(bytes, at);
    if (signed !== undefined) this.#items.splice(this.#checkAt, 0, ...this.#checkOfData(data, signed));
    try {
      return { instructions: assemble(this.#items, this.little), data };
    } catch (error) {
      throw new UsageError("the object is too large for a loader program; load the object without a loader program", {
        cause: error,
      });
    }
  }
}
