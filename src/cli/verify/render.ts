import { type Cell, tableForTerminal } from "../output/table.ts";
import { escapeName } from "../output/terminal-text.ts";
import type { Options } from "../words/options.ts";
import type { Comparison, ProgramResult, Regression, Results } from "./results.ts";

const COLUMNS = ["file", "program", "verdict", "instructions", "states", "peak", "time us", "stack", "size"] as const;

/** Shows results as a table, in Markdown or as CSV. */
export function resultsTable(
  { programs }: Results,
  comparison: Comparison | undefined,
  options: Options,
): (string | Uint8Array)[] {
  const names = [...COLUMNS, ...(comparison === undefined ? [] : ["before"])];
  const rows = programs.map((one): Cell[] => [
    one.file,
    one.program,
    one.verdict === "refused" && one.code !== undefined ? `refused ${one.code}` : one.verdict,
    one.instructions,
    one.states,
    one.peak_states,
    one.time_us,
    one.stack?.join("+"),
    one.size,
    ...(comparison === undefined ? [] : [comparison.earlier(one)?.instructions]),
  ]);
  const table = tableText(names, rows, options);
  if (options.csv) return table;
  const notes = [...programs.flatMap(detailsOf), ...(comparison?.regressions ?? []).map(regressionText)];
  return notes.length === 0 ? table : [...table, `\n${notes.join("\n")}\n`];
}

/** Shows the results of several kernels: a row for each program, and a column for each kernel. */
export function mergedTable(all: readonly Results[], options: Options): (string | Uint8Array)[] {
  const rows = new Map<string, Cell[]>();
  for (const [i, { programs }] of all.entries()) {
    for (const { file, program, verdict, instructions } of programs) {
      const key = `${file}\n${program}`;
      const row = rows.get(key) ?? [file, program, ...all.map(() => undefined)];
      row[i + 2] = verdict === "accepted" ? instructions : verdict;
      rows.set(key, row);
    }
  }
  return tableText(["file", "program", ...all.map(({ kernel }) => kernel)], [...rows.values()], options);
}

function tableText(
  names: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: Options,
): (string | Uint8Array)[] {
  if (options.csv) return [[names, ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("")];
  if (options.markdown) {
    const rule = names.map(() => "---");
    return [[names, rule, ...rows].map((row) => `| ${row.map(markdownCell).join(" | ")} |\n`).join("")];
  }
  return [tableForTerminal(names, rows)];
}

function csvCell(cell: Cell): string {
  const text = cell === undefined ? "" : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function markdownCell(cell: Cell): string {
  return (cell === undefined ? "-" : escapeName(String(cell))).replace(/[|\\`<]/g, "\\$&");
}

/** The reason for which a program is not accepted, and where the verifier spends its budget. */
function detailsOf({ program, error, remedy, hot_lines, hot_functions }: ProgramResult): string[] {
  const out: string[] = [];
  if (error !== undefined) out.push(`${program}: ${error}`);
  if (remedy !== undefined && remedy !== "") out.push(`  what to do: ${remedy}`);
  if (hot_lines !== undefined && hot_functions !== undefined) {
    out.push(`${program}: instructions processed, by source line`);
    for (const { place, source = "", instructions } of hot_lines) {
      out.push(`  ${String(instructions).padStart(8)}  ${place}  ${source}`.trimEnd());
    }
    if (hot_functions.length > 1) {
      out.push(`${program}: instructions processed, by function`);
      for (const { place, instructions } of hot_functions) out.push(`  ${String(instructions).padStart(8)}  ${place}`);
    }
  }
  return out;
}

function regressionText({ file, program, reason }: Regression): string {
  return `worse: ${file} ${program}: ${reason}`;
}
