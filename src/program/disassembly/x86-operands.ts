import { BYTES, HIGH_BYTES, LONGS, QUADS, type Size, WORDS } from "./x86-names.ts";

/** Reads the parts of an x86-64 instruction that are the same for all opcodes, and formats its operands. */
export class OperandReader {
  protected readonly code: Uint8Array;
  protected readonly view: DataView;
  protected readonly address: bigint;
  /** The offset of the next byte to read. */
  at = 0;
  protected segment = "";
  protected narrow = false;
  protected repeat = 0;
  protected rex = 0;
  protected mod = 0;
  protected reg = 0;
  protected rm = 0;
  /** The text of the ModRM operand if the operand is in memory; otherwise undefined. */
  protected memory: string | undefined;

  constructor(code: Uint8Array, address: bigint) {
    this.code = code;
    this.view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    this.address = address;
  }

  protected e(size: Size): string {
    return this.memory ?? this.register(this.rm, size);
  }

  protected g(size: Size): string {
    return this.register(this.reg, size);
  }

  protected wide(): boolean {
    return (this.rex & 8) !== 0;
  }

  protected size(): Size {
    if (this.wide()) return 8;
    return this.narrow ? 2 : 4;
  }

  protected extendedB(): number {
    return (this.rex & 1) << 3;
  }

  protected register(number: number, size: Size): string {
    switch (size) {
      case 8:
        return QUADS[number] as string;
      case 4:
        return LONGS[number] as string;
      case 2:
        return WORDS[number] as string;
      default:
        return (this.rex === 0 ? HIGH_BYTES[number - 4] : undefined) ?? (BYTES[number] as string);
    }
  }

  /** Reads the ModRM byte with the SIB byte and the displacement that belong to it. */
  protected modRm(): void {
    const byte = this.u8();
    this.mod = byte >> 6;
    this.reg = ((byte >> 3) & 7) | ((this.rex & 4) << 1);
    this.rm = (byte & 7) | this.extendedB();
    this.memory = this.mod === 3 ? undefined : this.segment + this.place(byte & 7);
  }

  protected place(rm: number): string {
    if (rm === 4) return this.indexed();
    if (this.mod === 0 && rm === 5) return `${this.shown(this.i32())}(%rip)`;
    return `${this.shown(this.displacement())}(${QUADS[this.rm]})`;
  }

  protected indexed(): string {
    const byte = this.u8();
    const index = ((byte >> 3) & 7) | ((this.rex & 2) << 2);
    const baseless = this.mod === 0 && (byte & 7) === 5;
    const displacement = baseless ? this.i32() : this.displacement();
    if (index === 4 && baseless) return `${displacement}`;
    const base = baseless ? "" : QUADS[(byte & 7) | this.extendedB()];
    const scale = 1 << (byte >> 6);
    const by = index === 4 ? "" : `,${QUADS[index]}${scale === 1 ? "" : `,${scale}`}`;
    return `${this.shown(displacement)}(${base}${by})`;
  }

  protected displacement(): number {
    if (this.mod === 0) return 0;
    return this.mod === 1 ? this.i8() : this.i32();
  }

  protected shown(displacement: number): string {
    return displacement === 0 ? "" : String(displacement);
  }

  /**
   * Reads an immediate operand. As in LLVM's output, operands of 8 and 64 bits are signed, and operands of 16 and 32
   * bits are unsigned.
   */
  protected immediate(size: Size): number {
    switch (size) {
      case 1:
        return this.i8();
      case 2:
        return this.u16();
      case 4:
        return this.i32() >>> 0;
      default:
        return this.i32();
    }
  }

  protected target(distance: number): string {
    return `0x${BigInt.asUintN(64, this.address + BigInt(this.at + distance)).toString(16)}`;
  }

  protected u8(): number {
    return this.view.getUint8(this.at++);
  }

  protected i8(): number {
    return this.view.getInt8(this.at++);
  }

  protected i16(): number {
    this.at += 2;
    return this.view.getInt16(this.at - 2, true);
  }

  protected u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }

  protected i32(): number {
    this.at += 4;
    return this.view.getInt32(this.at - 4, true);
  }
}
