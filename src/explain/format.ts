import type { Diagnosis, HistoryStep, Place } from "../errors/index.ts";

/** How to print the parts of a diagnosis. Each function gets a text and returns it, for instance with colours. */
export interface Style {
  readonly heading: (text: string) => string;
  readonly label: (text: string) => string;
  readonly place: (text: string) => string;
}

const PLAIN: Style = { heading: (text) => text, label: (text) => text, place: (text) => text };

const CLASS_WORDS = {
  program: "the program is at fault",
  compiler: "the compiler's output cannot be followed by the verifier",
  environment: "the kernel or the machine lacks something",
  limit: "the program exceeds a limit of the verifier",
  kernel: "the kernel is at fault",
  unknown: "not known",
} as const;

/** Prints a diagnosis as a compiler prints an error: what, where with the source line, why, and what to do. */
export function formatDiagnosis(diagnosis: Diagnosis, style: Style = PLAIN): string {
  const { code, name, program, what, where, why, remedies, kernels, lines, confidence, kernelReport } = diagnosis;
  const of = program === undefined ? "" : ` in program ${program}`;
  const out = [style.heading(`error[${code}] ${name}${of}`), `  ${what}`];
  if (where !== undefined) out.push(...placeLines(where, style));
  if (why.length > 0) {
    out.push(`  ${style.label("why:")}`);
    for (const step of why) out.push(`    ${stepText(step)}`);
  }
  if (remedies.length > 0) {
    out.push(`  ${style.label("what to do:")}`);
    for (const [i, remedy] of remedies.entries()) out.push(`    ${i + 1}. ${remedy}`);
  }
  if (lines.length > 0) {
    out.push(`  ${style.label("the kernel says:")}`);
    for (const line of lines) out.push(`    ${line}`);
  }
  if (kernelReport !== undefined) {
    out.push(`  ${style.label("the kernel's report:")}`, `    ${kernelReport.title}. ${kernelReport.reason}`);
  }
  if (kernels !== undefined) out.push(`  ${style.label("kernels:")} ${kernels}`);
  const sure = confidence === "likely" ? "; this message has several causes, this one is the most likely" : "";
  out.push(`  ${style.label("class:")} ${CLASS_WORDS[diagnosis.class]}${sure}`);
  return `${out.join("\n")}\n`;
}

/** Prints the diagnosis in a few lines, to be added to an error message. */
export function formatShortDiagnosis({ code, what, why, remedies }: Diagnosis): string {
  const last = why.at(-1);
  return [
    `${code}: ${what}`,
    ...(last === undefined ? [] : [`  why: ${stepText(last)}`]),
    ...remedies.slice(0, 1).map((remedy) => `  what to do: ${remedy}`),
    `  more: bpfts explain ${code}`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function placeLines({ instruction, text, file, line, column, source }: Place, style: Style): string[] {
  const at = file === undefined ? "" : `${[file, line, column].filter((part) => part !== undefined).join(":")}, `;
  const out = [`  ${style.place(`--> ${at}instruction ${instruction}`)}`];
  if (source !== undefined && source !== "") out.push(`   | ${source}`);
  if (text !== undefined) out.push(`   = ${instruction}: ${text}`);
  return out;
}

function stepText({ place, text }: HistoryStep): string {
  if (place === undefined) return text;
  const { instruction, file, line } = place;
  const at = file === undefined || line === undefined ? "" : ` (${file}:${line})`;
  return `instruction ${instruction}${at}: ${text}`;
}
