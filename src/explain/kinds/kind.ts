import type { Confidence, DiagnosisClass } from "../../errors/index.ts";

/**
 * How to find the refused register in the refused instruction. `base`: the register with the memory address. `operand`:
 * the register whose scalar is added to a pointer. `result`: the register that the instruction writes. `returned`: R0.
 * `stack`: not a register, but the stack slot that the instruction reads. If the message names a register, that
 * register is the refused one, and the rule is ignored.
 */
export type RegisterRule = "base" | "operand" | "result" | "returned" | "stack";

/** A text. `unless` names a fact: if this fact is known, the text is left out, because another remedy is better. */
export type Remedy = string | { readonly unless: string; readonly text: string };

/** A kind of refusal: one row of the table. */
export interface Kind {
  /** The stable code: `BPF-E0101`. A code is never used again for something else. */
  readonly code: string;
  /** The code's name in words: `packet-range`. */
  readonly name: string;
  readonly class: DiagnosisClass;
  /** The page's heading: one sentence. */
  readonly title: string;
  /** What it means, for the page: a few short sentences. */
  readonly meaning: string;
  /** Matched with each line that gives a reason. Named groups become facts. */
  readonly patterns: readonly RegExp[];
  /** The row fits only if the refused instruction calls one of these functions. */
  readonly calls?: readonly string[];
  readonly register?: RegisterRule;
  /**
   * What was refused. A placeholder such as `{name}` stands for the fact with that name. The first text whose facts are
   * all known is used.
   */
  readonly what: readonly string[];
  /** What to do, the best first. A text with a fact that is not known is left out. */
  readonly remedies: readonly Remedy[];
  /** The kernel versions that print this message, or that accept such a program. */
  readonly kernels?: string;
  /** How sure the diagnosis is. Default: `certain`. */
  readonly confidence?: Confidence;
}
