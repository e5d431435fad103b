import { UsageError } from "../errors/index.ts";

/** A register as an operand. `r0` to `r10` stand for all 64 bits of a register, `w0` to `w10` for the lower 32. */
export interface Register {
  readonly name: string;
  readonly number: number;
  readonly wide: boolean;
}

function register(number: number, wide: boolean): Register {
  return { name: `${wide ? "r" : "w"}${number}`, number, wide };
}

export const r0: Register = register(0, true);
export const r1: Register = register(1, true);
export const r2: Register = register(2, true);
export const r3: Register = register(3, true);
export const r4: Register = register(4, true);
export const r5: Register = register(5, true);
export const r6: Register = register(6, true);
export const r7: Register = register(7, true);
export const r8: Register = register(8, true);
export const r9: Register = register(9, true);
/** The frame pointer, which is read-only. It points to the end of the 512 bytes of stack. */
export const r10: Register = register(10, true);

export const w0: Register = register(0, false);
export const w1: Register = register(1, false);
export const w2: Register = register(2, false);
export const w3: Register = register(3, false);
export const w4: Register = register(4, false);
export const w5: Register = register(5, false);
export const w6: Register = register(6, false);
export const w7: Register = register(7, false);
export const w8: Register = register(8, false);
export const w9: Register = register(9, false);
export const w10: Register = register(10, false);

/** Returns the number of a register that must be 64 bits wide, as for addresses, loads, stores and byte swaps. */
export function wideNumber(operand: Register): number {
  if (!operand.wide)
    throw new UsageError(`${operand.name} has only 32 bits, but this operand needs 64: use r${operand.number}`);
  return operand.number;
}
