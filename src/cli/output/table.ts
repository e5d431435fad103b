import { CommandError } from "../failure/command-error.ts";
import type { Options } from "../words/options.ts";
import type { Answer } from "./answer.ts";
import { colour, showsColours } from "./colour.ts";
import type { JsonValue } from "./json-writer.ts";
import { escapeName } from "./terminal-text.ts";

/** A cell of a table. A list is shown with commas. Undefined and an empty list are shown as a dash. */
export type Cell = string | number | bigint | boolean | undefined | readonly (string | number)[];

/** A column that a table of records can have. */
export interface Column<R> {
  /** The name for the options `--columns` and `--sort`. In capitals, it is the head of the column. */
  readonly name: string;
  readonly cell: (record: R) => Cell;
  /** True if the column is shown only on request. */
  readonly isExtra?: boolean;
}

/** How to show a table on this terminal. */
export interface TableStyle {
  readonly isColoured: boolean;
  /** The largest number of characters in a line; undefined for no limit. */
  readonly width: number | undefined;
}

/**
 * Shows records as a table, for the options `--table`, `--columns` and `--sort`. The text is for people: aligned, in
 * colour on a terminal, and no line is longer than the terminal is wide. The JSON is an array of objects with the same
 * columns.
 */
export function tableAnswer<R>(records: Iterable<R>, columns: readonly Column<R>[], options: Options): Answer {
  const chosen = chosenColumns(columns, options.columns);
  const order = options.sort === undefined ? undefined : sortedBy(columns, options.sort);
  const all = order === undefined ? [...records] : [...records].sort(order);
  const rows = all.map((record) => chosen.map(({ cell }) => cell(record)));
  return {
    text: () => {
      const names = chosen.map(({ name }) => name);
      // A column that is empty in every row is left out, unless the user asked for it.
      const showsAll = options.columns !== undefined || rows.length === 0;
      const isShown = names.map((_, i) => showsAll || i === 0 || rows.some((row) => isFilled(row[i])));
      return [
        tableForTerminal(
          names.filter((_, i) => isShown[i]),
          rows.map((row) => row.filter((_, i) => isShown[i])),
        ),
      ];
    },
    json: () => rows.map((row) => Object.fromEntries(row.map((cell, i) => [chosen[i]?.name, jsonOf(cell)]))),
  };
}

/**
 * Returns a table as it is shown on standard output. It is bytes, because the escape sequences of the colours would be
 * escaped in a string.
 */
export function tableForTerminal(names: readonly string[], rows: readonly (readonly Cell[])[]): Uint8Array {
  const width = process.stdout.isTTY === true ? process.stdout.columns : undefined;
  const lines = formatTable(names, rows, { isColoured: showsColours(), width });
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** Returns the lines of a table. The first line has the names of the columns. Columns of numbers are right-aligned. */
export function formatTable(
  names: readonly string[],
  rows: readonly (readonly Cell[])[],
  { isColoured, width }: TableStyle,
): string[] {
  const texts = [names.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(textOf))];
  const widths = names.map((_, i) => Math.max(...texts.map((row) => lengthOf(row[i] ?? ""))));
  const isNumeric = names.map(
    (_, i) => rows.some((row) => isNumber(row[i])) && rows.every((row) => isNumber(row[i]) || !isFilled(row[i])),
  );
  return texts.map((row, line) => {
    let used = 0;
    let text = "";
    for (const [i, cell] of row.entries()) {
      const gap = " ".repeat((widths[i] ?? 0) - lengthOf(cell));
      const isLast = i === row.length - 1;
      const padded = isNumeric[i] ? gap + cell : isLast ? cell : cell + gap;
      const cut = cutTo(padded, width === undefined ? undefined : width - used);
      used += lengthOf(cut) + GAP.length;
      text += `${isColoured ? paint(cut, line, i) : cut}${isLast ? "" : GAP}`;
      if (width !== undefined && used >= width) break;
    }
    return text.trimEnd();
  });
}

const GAP = "  ";
const HEAD = colour("1");
const FIRST = colour("36");
const NONE = colour("2");

/** Colours a cell. The first line is bold. The first column, which has the ids, is coloured. Dashes are dim. */
function paint(text: string, line: number, column: number): string {
  if (line === 0) return HEAD(text);
  if (column === 0) return FIRST(text);
  return text.trim() === "-" ? NONE(text) : text;
}

function cutTo(text: string, most: number | undefined): string {
  if (most === undefined || lengthOf(text) <= most) return text;
  return `${[...text].slice(0, Math.max(0, most - 1)).join("")}…`;
}

/** Returns the number of Unicode characters of a text. A surrogate pair counts as one character. */
function lengthOf(text: string): number {
  return [...text].length;
}

function isNumber(cell: Cell): boolean {
  return typeof cell === "number" || typeof cell === "bigint";
}

function isFilled(cell: Cell): boolean {
  return cell !== undefined && cell !== "" && !(Array.isArray(cell) && cell.length === 0);
}

function textOf(cell: Cell): string {
  if (!isFilled(cell)) return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return escapeName(Array.isArray(cell) ? cell.join(",") : String(cell));
}

function jsonOf(cell: Cell): JsonValue {
  if (cell === undefined) return null;
  return cell;
}

/** Returns the columns of a list such as `id,name`; without a list, the columns that are always shown. */
function chosenColumns<R>(columns: readonly Column<R>[], list: string | undefined): readonly Column<R>[] {
  if (list === undefined) return columns.filter(({ isExtra }) => isExtra !== true);
  return list.split(",").map((name) => columnNamed(columns, name.trim()));
}

function columnNamed<R>(columns: readonly Column<R>[], name: string): Column<R> {
  const found = columns.find((column) => column.name === name.toLowerCase());
  if (found !== undefined) return found;
  const names = columns.map((column) => column.name);
  throw new CommandError(`there is no column '${name}'; the columns are ${names.join(", ")}`, {
    typo: { word: name, names },
  });
}

/** Returns the order of a column. A dash before the column's name means the opposite order. */
function sortedBy<R>(columns: readonly Column<R>[], name: string): (one: R, other: R) => number {
  const isDescending = name.startsWith("-");
  const { cell } = columnNamed(columns, isDescending ? name.slice(1) : name);
  return (one, other) => compareCells(cell(one), cell(other), isDescending ? -1 : 1);
}

/** Compares numbers by value and other cells as texts. Empty cells always come last. */
function compareCells(one: Cell, other: Cell, direction: 1 | -1): number {
  if (!isFilled(one) || !isFilled(other)) return Number(isFilled(other)) - Number(isFilled(one));
  const [first, second] = isNumber(one) && isNumber(other) ? [one, other] : [textOf(one), textOf(other)];
  if (first === second) return 0;
  return (first as number) < (second as number) ? -direction : direction;
}
