import { BPF_CALL, BPF_JMP, BpfPseudo, LD_IMM64 } from "../uapi/index.ts";
import { SLOT } from "./functions.ts";

const OP_CALL = BPF_JMP | BPF_CALL;

/** Reads and patches encoded instructions in place. Does not check that a slot exists. */
export class InstructionView {
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, little: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = little;
  }

  get count(): number {
    return this.#bytes.length / SLOT;
  }

  opcode(slot: number): number {
    return this.#bytes[slot * SLOT] as number;
  }

  /** Returns true if the slot calls a helper or a function. */
  isCall(slot: number): boolean {
    return this.opcode(slot) === OP_CALL;
  }

  /** Returns true if an ld_imm64 begins at the slot. Such an instruction takes two slots. */
  isLoad(slot: number): boolean {
    return this.opcode(slot) === LD_IMM64 && slot + 1 < this.count;
  }

  /** Returns true if the slot calls a function of the program. This works before and after linking. */
  isLocalCall(slot: number): boolean {
    return (
      this.isCall(slot) &&
      this.#registers(slot) === BpfPseudo.BPF_PSEUDO_CALL &&
      this.#view.getInt16(slot * SLOT + 2) === 0
    );
  }

  /** Returns true if the slot loads the address of a function. */
  isFunctionLoad(slot: number): boolean {
    return this.isLoad(slot) && this.source(slot) === BpfPseudo.BPF_PSEUDO_FUNC;
  }

  /**
   * Returns the first slot at or after `slot` that contains a call or the first half of an ld_imm64. Returns {@link
   * count} if there is none.
   */
  nextReference(slot: number): number {
    const bytes = this.#bytes;
    for (let at = slot * SLOT; at < bytes.length; at += SLOT) {
      if (bytes[at] === OP_CALL || bytes[at] === LD_IMM64) return at / SLOT;
    }
    return this.count;
  }

  /** Returns the instruction's field `src_reg`. */
  source(slot: number): number {
    return this.#registers(slot) & 0xf;
  }

  imm(slot: number): number {
    return this.#view.getInt32(slot * SLOT + 4, this.#little);
  }

  setImm(slot: number, value: number): void {
    this.#view.setInt32(slot * SLOT + 4, value, this.#little);
  }

  markFunctionLoad(slot: number): void {
    const at = slot * SLOT + 1;
    const byte = this.#view.getUint8(at);
    this.#view.setUint8(
      at,
      this.#little ? (byte & 0xf) | (BpfPseudo.BPF_PSEUDO_FUNC << 4) : (byte & 0xf0) | BpfPseudo.BPF_PSEUDO_FUNC,
    );
  }

  /**
   * Returns the registers as `dst << 4 | src`. In the byte of a little-endian object, the two have the opposite order.
   */
  #registers(slot: number): number {
    const byte = this.#bytes[slot * SLOT + 1] as number;
    return this.#little ? ((byte & 0xf) << 4) | (byte >> 4) : byte;
  }
}
