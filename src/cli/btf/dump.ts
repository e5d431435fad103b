import { type Btf, formatCPieces, formatRawPieces, type TypeId } from "../../btf/index.ts";
import { Errno } from "../../errors/index.ts";
import { nearNames } from "../../layout/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, EXIT_INVALID, exitCodeOf } from "../failure/command-error.ts";
import type { Words } from "../words/words.ts";
import { parseU32 } from "../words/words.ts";
import { inBtf } from "./file.ts";
import { takeSource } from "./source.ts";

const MOST_ROOTS = 16;

/** `bpfts btf dump BTF_SRC [format { raw | c [unsorted] }] [root_id ROOT_ID]…`. */
export const dumpBtf: Run = (words, options) => {
  const source = takeSource(words, options);
  const form = takeForm(words, source.roots);
  const btf = source.read();
  const roots = form.names.length === 0 ? form.roots : typesNamed(btf, form.names);
  const wrong = roots?.find((id) => !btf.has(id));
  if (wrong !== undefined) throw new CommandError(`invalid root ID: ${wrong}`, { exitCode: EXIT_INVALID });
  if (form.isC && options.json) {
    throw new CommandError("JSON output for C-syntax dump is not supported", {
      exitCode: exitCodeOf(Errno.EOPNOTSUPP),
    });
  }
  const style = !options.json ? "text" : options.pretty ? "pretty-json" : "json";
  const pieces = inBtf(() =>
    form.isC
      ? formatCPieces(btf, { roots, sorted: form.isSorted, likeBpftool: true })
      : formatRawPieces(btf, { roots, style, likeBpftool: true }),
  );
  return { text: () => pieces, jsonPieces: () => pieces, json: () => null };
};

interface Form {
  readonly isC: boolean;
  readonly isSorted: boolean;
  /** The types to print; undefined for all types. */
  readonly roots: readonly TypeId[] | undefined;
  /** The types that the user named with `type`. */
  readonly names: readonly string[];
}

function takeForm(words: Words, given: readonly TypeId[] | undefined): Form {
  let isC: boolean | undefined;
  let isSorted = true;
  const roots: TypeId[] = [...(given ?? [])];
  const names: string[] = [];
  while (words.left > 0) {
    if (words.takeKeyword("format")) isC = takeFormat(words) === "c";
    else if (words.takeKeyword("root_id")) roots.push(takeRoot(words, given, roots));
    else if (words.takeKeyword("unsorted")) isSorted = false;
    // bpftool has no keyword `type`. So that shortened words mean the same as in bpftool, users must write `type` in
    // full.
    else if (words.peek === "type") names.push(takeName(words, roots));
    else throw unknown(`unrecognized option: '${words.peek}'`, words.peek, ["format", "root_id", "unsorted", "type"]);
  }
  return { isC: isC ?? names.length > 0, isSorted, names, roots: roots.length === 0 ? undefined : roots };
}

function takeName(words: Words, roots: readonly TypeId[]): string {
  words.takeKeyword("type");
  if (roots.length > 0) throw invalid("cannot use type with other type filtering");
  return words.take("the name of a type");
}

/**
 * Returns the ids of all types that have one of these names and can be printed as C. A name may begin with a kind, such
 * as `struct NAME`.
 */
function typesNamed(btf: Btf, names: readonly string[]): TypeId[] {
  const roots = new Set<TypeId>();
  for (const text of names) {
    const [, kind, name = ""] = /^(?:(struct|union|enum) )?(.*)$/.exec(text) ?? [];
    const ids = btf.findAll(name).filter((id) => {
      const found = btf.type(id).kind;
      return kind === undefined ? PRINTED.has(found) : found === kind || found === `${kind}64`;
    });
    if (ids.length === 0) throw new CommandError(`there is no type '${text}'${suggestion(btf, name)}`);
    for (const id of ids) roots.add(id);
  }
  return [...roots];
}

const PRINTED: ReadonlySet<string> = new Set(["struct", "union", "enum", "enum64", "typedef", "fwd"]);

function suggestion(btf: Btf, name: string): string {
  const names = new Set<string>();
  for (const id of btf.ids()) if (PRINTED.has(btf.type(id).kind)) names.add(btf.name(id));
  const near = nearNames(name, names);
  return near.length === 0 ? "" : `; similar names are: ${near.join(", ")}`;
}

function takeFormat(words: Words): "raw" | "c" {
  if (words.left === 0) throw invalid("expecting value for 'format' option");
  const word = words.take("a format");
  if (word === "raw" || word === "c") return word;
  throw unknown(`unrecognized format specifier: '${word}', possible values: raw, c`, word, ["raw", "c"]);
}

function takeRoot(words: Words, given: readonly TypeId[] | undefined, roots: readonly TypeId[]): TypeId {
  if (given !== undefined) throw invalid("cannot use root_id with other type filtering");
  if (roots.length === MOST_ROOTS) {
    throw new CommandError(`only ${MOST_ROOTS} root_id are supported`, { exitCode: exitCodeOf(Errno.E2BIG) });
  }
  const id = parseU32(words.take("a number"), "root ID");
  if (roots.includes(id)) throw invalid(`duplicate root_id ${id} supplied`);
  return id;
}

function invalid(message: string): CommandError {
  return new CommandError(message, { exitCode: EXIT_INVALID });
}

/** Returns the error for a word that is none of `names`. */
function unknown(message: string, word = "", names: readonly string[]): CommandError {
  return new CommandError(message, { exitCode: EXIT_INVALID, typo: { word, names } });
}
