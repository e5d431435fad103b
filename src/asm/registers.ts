import { UsageError } from "../errors/index.ts";

/** A register as an operand: `r0` to `r10` are all of its 64 bits, `w0` to `w10` the lower 32. */
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
/** The frame pointer: the end of 512 bytes of stack, read-only. */
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

/** The number of a register where only 64 bits make sense: addresses, loads, stores, byte swaps. */
export function wideNumber(operand: Register): number {
  if (!operand.wide) throw new UsageError(`${operand.name} cannot stand here: use r${operand.number}`);
  return operand.number;
}
