import {
  type AssemblyItem,
  assemble,
  callHelper,
  exit,
  jeq,
  jne,
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
  stx,
} from "../../asm/index.ts";
import { Errno, UsageError } from "../../errors/index.ts";
import type { LoaderStep, MapHashPlace, SignedData } from "./plan.ts";

/** The label to jump to when a step has failed. Register r7 then has the step's errno. */
const CLEANUP = "cleanup";

/**
 * Writes the code and the data of a loader program. Register r6 has the context, r7 the result of the last step. No
 * method relies on a value that an earlier method left in r0 to r5.
 */
export class LoaderCode {
  readonly steps: LoaderStep[] = [];
  readonly #items: AssemblyItem[] = [];
  readonly #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  readonly #texts = new Map<string, number>();
  #dataSize = 0;
  #contextSize: number;
  #labels = 0;
  readonly #fds: number[] = [];

  /** @param contextSize the number of bytes at the start of the context that contain no fds */
  constructor(contextSize: number) {
    this.#contextSize = contextSize;
  }

  get contextSize(): number {
    return this.#contextSize;
  }

  /**
   * Reserves 4 bytes in the context for an fd, and returns their offset. If a later step fails, the loader program
   * closes the fd.
   */
  fdSlot(): number {
    const at = this.#contextSize;
    this.#contextSize += 4;
    this.#fds.push(at);
    return at;
  }

  /** Appends bytes to the data, aligned for any kernel struct. Returns the offset of the bytes. */
  add(bytes: Uint8Array): number {
    const at = this.#dataSize;
    this.#pieces.push({ at, bytes });
    this.#dataSize = Math.ceil((at + Math.max(bytes.length, 1)) / 8) * 8;
    return at;
  }

  /** Appends a text and a NUL to the data, unless the data has this text already. Returns the offset of the text. */
  addText(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const at = this.add(new TextEncoder().encode(`${text}\0`));
    this.#texts.set(text, at);
    return at;
  }

  emit(...items: AssemblyItem[]): void {
    this.#items.push(...items);
  }

  newLabel(): string {
    return `l${this.#labels++}`;
  }

  /** Begins a step. The loader program will write the step's number to the start of the context. */
  step(step: LoaderStep): void {
    this.emit(mov(r0, this.steps.push(step) - 1), stx("u32", r6, r0, 0));
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

  /** *(u32 *)(data + at) = the fd in a slot of the context. */
  storeFd(at: number, slot: number): void {
    this.emit(ldx("u32", r0, r6, slot));
    this.address(r1, at);
    this.emit(stx("u32", r1, r0, 0));
  }

  /** Ends the loader program if r7 is negative. */
  check(): void {
    this.emit(jslt(r7, 0, CLEANUP));
  }

  /** r7 = bpf(command, data + attr, size). Ends the loader program if r7 is negative. */
  bpf(command: number, attr: number, size: number): void {
    this.emit(mov(r1, command));
    this.address(r2, attr);
    this.emit(mov(r3, size), callHelper("bpf_sys_bpf"), mov(r7, r0));
    this.check();
  }

  /** Stores r7 as an fd in the context. */
  keepFd(slot: number): void {
    this.emit(stx("u32", r6, r7, slot));
  }

  /** Closes the fd in a slot of the context, if the slot has one. */
  closeFd(slot: number): void {
    const skip = this.newLabel();
    this.emit(ldx("u32", r1, r6, slot), jeq(r1, 0, skip), callHelper("bpf_sys_close"));
    this.emit(mov(r0, 0), stx("u32", r6, r0, slot), label(skip));
  }

  /**
   * Returns the code with which a signed loader program begins. It checks the data of the loader program: the program
   * ends unless the data's map has this hash and is reserved for this program alone. The kernel computed the hash from
   * the frozen map. `sha` and `excl` are the offsets in struct bpf_map of the hash and of the reservation (Linux 6.18).
   */
  #checkData(hash: Uint8Array, { sha, excl }: MapHashPlace): AssemblyItem[] {
    const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
    const items: AssemblyItem[] = [mov(r7, -Errno.EINVAL), ldMapIdx(r1, 0)];
    for (let at = 0; at < hash.length; at += 8) {
      items.push(ldx("u64", r2, r1, sha + at), ldImm64(r3, view.getBigUint64(at, true)), jne(r2, r3, CLEANUP));
    }
    if (excl !== undefined) items.push(ldx("u32", r2, r1, excl), jne(r2, 1, CLEANUP));
    return items;
  }

  /**
   * Returns the instructions and the data. Appends the code for the end: after success it returns 0, after a failed
   * step it closes all fds and returns the errno.
   */
  finish(signed?: SignedData): { instructions: Uint8Array; data: Uint8Array } {
    this.emit(mov(r0, 0), exit(), label(CLEANUP));
    for (const slot of this.#fds) this.closeFd(slot);
    this.emit(mov(r0, r7), exit());
    const data = new Uint8Array(this.#dataSize);
    for (const { at, bytes } of this.#pieces) data.set(bytes, at);
    const check = signed === undefined ? [] : this.#checkData(signed.hash(data), signed.place);
    let instructions: Uint8Array;
    try {
      instructions = assemble([mov(r6, r1), ...check, ...this.#items]);
    } catch (error) {
      throw new UsageError("the object is too large for a loader program; load the object without a loader program", {
        cause: error,
      });
    }
    return { instructions, data };
  }
}
