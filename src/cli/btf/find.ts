import { basename } from "node:path";
import { type Btf, findNames, type NamedPlace } from "../../btf/index.ts";
import { hasWildcard } from "../../layout/index.ts";
import { kernelBtfModules, kernelBtfPath } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import type { Answer } from "../output/answer.ts";
import type { JsonValue } from "../output/json-writer.ts";
import type { Options } from "../words/options.ts";
import { parseU32, unexpectedWord, type Words } from "../words/words.ts";
import { baseOf, btfOfFile, inBtf } from "./file.ts";
import { placeText } from "./render.ts";

const LIMIT = 200;

interface Found {
  /** The name of the BTF: `vmlinux`, a module's name, or an object file's name. */
  readonly btf: string;
  readonly place: NamedPlace;
}

/** `bpfts btf find PATTERN [file FILE]… [limit N]`. bpftool does not have this command. */
export const findInBtf: Run = (words, options) => {
  const pattern = words.take("a name or a pattern, for example 'task_*'");
  const { files, limit } = takeWhere(words);
  const found: Found[] = [];
  let total = 0;
  for (const { name, btf } of files.length > 0 ? ofFiles(files, options) : ofKernel()) {
    inBtf(() => {
      for (const place of findNames(btf, pattern)) if (++total <= limit) found.push({ btf: name, place });
    });
  }
  if (total === 0) throw nothingFits(pattern);
  return answer(found, total);
};

function takeWhere(words: Words): { files: string[]; limit: number } {
  const files: string[] = [];
  let limit = LIMIT;
  while (words.left > 0) {
    if (words.takeKeyword("file")) files.push(words.take("a file"));
    else if (words.takeKeyword("limit")) limit = parseU32(words.take("a number"), "limit");
    else throw unexpectedWord(["file", "limit"], words);
  }
  return { files, limit };
}

function* ofFiles(files: readonly string[], { baseBtf }: Options): Generator<{ name: string; btf: Btf }> {
  const base = baseBtf === undefined ? undefined : baseOf(baseBtf);
  for (const file of files) yield { name: basename(file), btf: btfOfFile(file, base) };
}

/** Yields the BTF of the kernel and of its modules, from files that every user can read. */
function* ofKernel(): Generator<{ name: string; btf: Btf }> {
  const kernel = btfOfFile(kernelBtfPath());
  yield { name: "vmlinux", btf: kernel };
  for (const name of kernelBtfModules()) yield { name, btf: btfOfFile(kernelBtfPath(name), kernel) };
}

function nothingFits(pattern: string): CommandError {
  const hint = hasWildcard(pattern) ? "" : `; '*${pattern}*' finds names that contain it`;
  return new CommandError(`no name matches '${pattern}'${hint}`);
}

function answer(found: readonly Found[], total: number): Answer {
  const more = total - found.length;
  return {
    text: () => [...table(found), ...(more > 0 ? [`${more} more: 'limit ${total}' shows them\n`] : [])],
    json: () => ({ total, found: found.map(foundJson) }),
  };
}

function* table(found: readonly Found[]): Generator<string> {
  const rows = [["KIND", "NAME", "SIZE", "AT", "BTF", "TYPE"], ...found.map(row)];
  const widths = (rows[0] as string[]).map((_, i) => Math.max(...rows.map((cells) => (cells[i] as string).length)));
  for (const cells of rows)
    yield `${cells
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join("  ")
      .trimEnd()}\n`;
}

function row({ btf, place: { kind, name, id, size, type, bitOffset, bitSize, value } }: Found): string[] {
  const bits = bitSize ? `:${bitSize}` : "";
  const offset = bitOffset === undefined ? "-" : placeText({ bitOffset });
  const what = value === undefined ? `${type}${bits}` : `${type} = ${value}`;
  return [kind, name, size === undefined ? "-" : `${size}`, offset, `${btf} [${id}]`, what];
}

function foundJson({ btf, place }: Found): JsonValue {
  const { kind, name, id, size, type, bitOffset, bitSize, value } = place;
  return {
    kind,
    name,
    btf,
    id,
    size,
    type: type === "" ? undefined : type,
    bits_offset: bitOffset,
    bitfield_size: bitSize || undefined,
    value,
  };
}
