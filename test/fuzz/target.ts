/** A parser that is given bytes. */
export interface FuzzTarget {
  /** `elf`, `verifier-log`. */
  readonly name: string;
  /** Honest inputs, which are changed. */
  readonly corpus: () => readonly Uint8Array[];
  /** Reads an input, and all that can be asked of what it is. Throws only errors that bpfts throws on purpose. */
  readonly run: (data: Uint8Array) => void;
}

/** What is wrong with what an input does. */
export interface Fault {
  readonly kind: "error" | "time" | "memory" | "hang";
  /** The error with the place in the code, or how much it took. */
  readonly detail: string;
}

const encoder = new TextEncoder();

/** Honest texts as a corpus. */
export function texts(...list: readonly string[]): Uint8Array[] {
  return list.map((text) => encoder.encode(text));
}
