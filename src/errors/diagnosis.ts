/**
 * Who has to change something: the program's author, the user of a compiler whose output the verifier cannot follow,
 * the owner of the machine, or the kernel's developers. `limit` means that the program exceeds a limit of the verifier,
 * `unknown` that bpfts does not know the message.
 */
export type DiagnosisClass = "program" | "compiler" | "environment" | "limit" | "kernel" | "unknown";

/**
 * How certain the diagnosis is. `certain`: the kernel's message can mean only this. `likely`: the message can have
 * several causes, and the log suggests this one. `unknown`: bpfts does not know the message.
 */
export type Confidence = "certain" | "likely" | "unknown";

/** What was refused, where, why, and what to do. No text in it contains control characters. */
export interface Diagnosis {
  /** A stable code with its own page: `BPF-E0101`. */
  readonly code: string;
  /** The code's name in words: `packet-range`. */
  readonly name: string;
  readonly class: DiagnosisClass;
  /** The program's name, if the log or the caller gives it. */
  readonly program: string | undefined;
  /** What was refused: one sentence. */
  readonly what: string;
  readonly where: Place | undefined;
  /**
   * For a refused register or stack slot, its history, with the oldest step first. Otherwise, the facts that bpfts
   * found.
   */
  readonly why: readonly HistoryStep[];
  /** One to three remedies. The best one comes first. */
  readonly remedies: readonly string[];
  /** The kernel versions that print this message, or that accept such a program, if they are known. */
  readonly kernels: string | undefined;
  /** The lines of the log that give the reason. */
  readonly lines: readonly string[];
  readonly confidence: Confidence;
  /** The report that Linux 7.3 and newer add to the log. */
  readonly kernelReport: KernelReport | undefined;
}

/** A position in a program: an instruction and its source line. */
export interface Place {
  /** The slot of the instruction. */
  readonly instruction: number | undefined;
  /** The instruction as the kernel prints it. */
  readonly text: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** The text of the source line. */
  readonly source: string | undefined;
}

/**
 * A fact that leads to the refusal. In the diagnosis of a verifier's log, it is a step of the program that changed what
 * the verifier knows about the refused register.
 */
export interface HistoryStep {
  /** The position of the step in the program; undefined for a fact about the machine, the process or an object. */
  readonly place: Place | undefined;
  /** One clause, such as `call bpf_map_lookup_elem#1 sets R0: a pointer to a map value or NULL`. */
  readonly text: string;
}

/** The structured part of the log (Linux 7.3). Lines that the kernel wrapped are joined, except in the causal path. */
export interface KernelReport {
  /** The kind of the fault, and the fault itself: `Register Type Safety: Invalid dereference`. */
  readonly title: string;
  readonly reason: string;
  /** The position of the fault as `function @ file.c:line:column`; undefined without line information. */
  readonly place: string | undefined;
  /** The steps of the program that lead to the fault, with their source lines and instructions. */
  readonly causalPath: readonly string[];
  readonly suggestion: string | undefined;
}
