/**
 * Who has to change something: the program's author, the user of a compiler whose output the verifier cannot follow,
 * the owner of the machine, or the kernel's developers. `limit` means that the program exceeds a limit of the verifier.
 */
export type DiagnosisClass = "program" | "compiler" | "environment" | "limit" | "kernel" | "unknown";

/**
 * How sure the diagnosis is. `certain`: the kernel's message means only this. `likely`: the message has several causes,
 * and the log speaks for this one. `unknown`: bpfts does not know the message.
 */
export type Confidence = "certain" | "likely" | "unknown";

/**
 * How to find the refused register. `base`: the instruction's memory address. `operand`: the number of an addition.
 * `result`: the register that the instruction writes. `returned`: R0. A register named in the message is used instead.
 */
export type RegisterRule = "base" | "operand" | "result" | "returned" | "stack";

/** A text. With `unless`, the text is left out if the fact of that name is known: another remedy is better then. */
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
