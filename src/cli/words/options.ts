import { CommandError, type Typo } from "../failure/command-error.ts";

/** The options. As in bpftool, all of them are global: every command accepts every option. */
export interface Options {
  readonly json: boolean;
  readonly pretty: boolean;
  readonly version: boolean;
  readonly help: boolean;
  /** `-f`: show where objects are pinned. */
  readonly bpffs: boolean;
  /** `-m`: accept old map declarations, and declarations with unknown fields. */
  readonly mapcompat: boolean;
  /** `-n`: never mount a file system. */
  readonly nomount: boolean;
  /**
   * `-d`: show the verifier's full log, the stack of an error, and why a cache file or a process's open files were not
   * read.
   */
  readonly debug: boolean;
  /** `-l`: has no effect. In older versions, it made the reading of object files less strict. */
  readonly legacy: boolean;
  readonly useLoader: boolean;
  readonly sign: boolean;
  readonly privateKey: string | undefined;
  readonly certificate: string | undefined;
  readonly baseBtf: string | undefined;
  // bpftool does not have these options:
  /** Print the manual page of an object. */
  readonly man: boolean;
  /**
   * Show more about each program: the names of its maps, its attach target, and the number of verified instructions.
   */
  readonly details: boolean;
  /** Show only programs of this type. */
  readonly progType: string | undefined;
  /** Show only programs that this process holds. */
  readonly pid: string | undefined;
  /** Show only programs that are attached to this cgroup. */
  readonly cgroup: string | undefined;
  /** Show only programs that use this map. */
  readonly usesMap: string | undefined;
  /** Show a listing as a table for people. */
  readonly table: boolean;
  /** The columns of the table, such as `id,name`. */
  readonly columns: string | undefined;
  /** The column by which the table is sorted. A dash before it means the opposite order. */
  readonly sort: string | undefined;
  /** After a failure, print the whole diagnosis. */
  readonly explain: boolean;
  /** The path of a bpffs that gives out BPF tokens. An empty text means that no token is used. */
  readonly token: string | undefined;
  /** `verify`: values for global variables, each as `NAME=VALUE`. */
  readonly set: readonly string[];
  /** `verify`: print CSV. */
  readonly csv: boolean;
  /** `verify`: print a table in Markdown. */
  readonly markdown: boolean;
  /** `verify`: the earlier results, or the object file, to compare with. */
  readonly baseline: string | undefined;
  /** `verify`: by how many percent the instructions may grow. */
  readonly growth: string | undefined;
  /** `verify`: how many of the source lines to show where the verifier spends its budget. */
  readonly hot: string | undefined;
  /** `verify`: the words are files of results, which are joined in one table. */
  readonly merge: boolean;
  /** `batch`: continue after a command that failed. */
  readonly keepGoing: boolean;
}

type Mutable = { -readonly [K in keyof Options]: Options[K] };
type OptionName = keyof Options;

/** One option: its letter, its long name if it has one, and whether it takes a value. */
export interface OptionEntry {
  /** The option's letter. Absent for options that bpftool does not have: users must write their long names in full. */
  readonly letter?: string;
  readonly long?: string;
  readonly value?: string;
  /** True if the option may be given several times. Its values are then a list. */
  readonly repeats?: boolean;
  readonly key: OptionName;
  readonly meaning: string;
}

/** Every option, in the order of bpftool's manual. */
export const OPTIONS: readonly OptionEntry[] = [
  { letter: "j", long: "json", key: "json", meaning: "print JSON" },
  { letter: "p", long: "pretty", key: "pretty", meaning: "print indented JSON (implies -j)" },
  { letter: "V", long: "version", key: "version", meaning: "print the version" },
  { letter: "h", long: "help", key: "help", meaning: "print help" },
  { letter: "f", long: "bpffs", key: "bpffs", meaning: "show where objects are pinned" },
  { letter: "m", long: "mapcompat", key: "mapcompat", meaning: "accept legacy map definitions and unknown map fields" },
  { letter: "n", long: "nomount", key: "nomount", meaning: "never mount a file system" },
  { letter: "d", long: "debug", key: "debug", meaning: "print the verifier's full log" },
  { letter: "l", long: "legacy", key: "legacy", meaning: "no effect; accepted because older versions had it" },
  { letter: "L", long: "use-loader", key: "useLoader", meaning: "load through a loader program" },
  { letter: "S", long: "sign", key: "sign", meaning: "sign the loader program (implies -L)" },
  { letter: "k", key: "privateKey", value: "FILE", meaning: "the private key to sign with" },
  { letter: "i", key: "certificate", value: "FILE", meaning: "the certificate to sign with" },
  { letter: "B", long: "base-btf", key: "baseBtf", value: "FILE", meaning: "the base of split BTF" },
  { long: "man", key: "man", meaning: "print the manual page of an object" },
  { long: "details", key: "details", meaning: "prog show: map names, attach target, verified instructions" },
  {
    long: "type",
    key: "progType",
    value: "TYPE",
    meaning: "prog show: only programs of a type; verify: the type of all programs",
  },
  { long: "pid", key: "pid", value: "PID", meaning: "prog show: only programs that a process holds" },
  { long: "cgroup", key: "cgroup", value: "PATH", meaning: "prog show: only programs attached to a cgroup" },
  { long: "map", key: "usesMap", value: "MAP", meaning: "prog show: only programs that use a map (id, name or pin)" },
  { long: "table", key: "table", meaning: "show commands: an aligned table for people" },
  { long: "columns", key: "columns", value: "NAMES", meaning: "the columns of the table, such as id,name" },
  { long: "sort", key: "sort", value: "NAME", meaning: "sort the table by a column; -NAME sorts downwards" },
  { long: "explain", key: "explain", meaning: "after a failure, say why it failed and what to do" },
  {
    long: "token",
    key: "token",
    value: "BPFFS",
    meaning: "prog load, map create: use a BPF token of this mounted bpffs",
  },
  { long: "set", key: "set", value: "VAR=VALUE", repeats: true, meaning: "verify: set a global variable" },
  { long: "csv", key: "csv", meaning: "verify: print CSV" },
  { long: "markdown", key: "markdown", meaning: "verify: print a table in Markdown" },
  { long: "baseline", key: "baseline", value: "FILE", meaning: "verify: fail if it is worse than these results" },
  { long: "growth", key: "growth", value: "PERCENT", meaning: "verify: how much worse it may be (default: 10)" },
  { long: "hot", key: "hot", value: "N", meaning: "verify: show the N source lines that cost most" },
  { long: "merge", key: "merge", meaning: "verify: join the results of several kernels in one table" },
  { long: "keep-going", key: "keepGoing", meaning: "batch: go on after a command that failed" },
];

/** The options, the words that are not options, and the error for the first bad option. */
export interface ParsedOptions {
  readonly options: Options;
  readonly words: readonly string[];
  readonly error: CommandError | undefined;
}

/**
 * Separates the options from the other words, as GNU getopt_long does. Options may stand anywhere. Several letters may
 * be joined, as in `-jp`. An option's value may follow its letter directly, or be the next word. A long name may be
 * shortened as long as it stays unique. `--` ends the options. After a bad option the parser continues, because a later
 * `-j` decides how the error is shown.
 */
export function parseOptions(argv: readonly string[]): ParsedOptions {
  const options: Mutable = {
    json: false,
    pretty: false,
    version: false,
    help: false,
    bpffs: false,
    mapcompat: false,
    nomount: false,
    debug: false,
    legacy: false,
    useLoader: false,
    sign: false,
    privateKey: undefined,
    certificate: undefined,
    baseBtf: undefined,
    man: false,
    details: false,
    progType: undefined,
    pid: undefined,
    cgroup: undefined,
    usesMap: undefined,
    table: false,
    columns: undefined,
    sort: undefined,
    explain: false,
    token: undefined,
    set: [],
    csv: false,
    markdown: false,
    baseline: undefined,
    growth: undefined,
    hot: undefined,
    merge: false,
    keepGoing: false,
  };
  const words: string[] = [];
  let error: CommandError | undefined;
  const bad = (message: string, typo?: Typo): void => {
    error ??= new CommandError(message, typo && { typo });
  };
  const set = (entry: OptionEntry, value: string | undefined): void => {
    const values = options as Record<OptionName, unknown>;
    if (entry.repeats === true) values[entry.key] = [...(values[entry.key] as readonly string[]), value];
    else values[entry.key] = entry.value === undefined ? true : value;
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === "--") {
      words.push(...argv.slice(i + 1));
      break;
    }
    if (word.startsWith("--")) {
      const equals = word.indexOf("=");
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
      const found = longOption(name);
      if (typeof found === "string") bad(found, { word: name, names: longNames(), prefix: "--" });
      else if (found.value === undefined) {
        if (equals < 0) set(found, undefined);
        else bad(`option '--${found.long}' takes no value`);
      } else if (equals >= 0) set(found, word.slice(equals + 1));
      else if (i + 1 < argv.length) set(found, argv[++i]);
      else bad(`option '--${found.long}' needs a value: ${found.value}`);
    } else if (word.startsWith("-") && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const entry = OPTIONS.find(({ letter }) => letter === word[at]);
        if (entry === undefined) bad(`unrecognized option '-${word[at]}'`);
        else if (entry.value === undefined) set(entry, undefined);
        else {
          if (at + 1 < word.length) set(entry, word.slice(at + 1));
          else if (i + 1 < argv.length) set(entry, argv[++i]);
          else bad(`option '-${entry.letter}' needs a value: ${entry.value}`);
          break;
        }
      }
    } else words.push(word);
  }
  if (options.pretty) options.json = true;
  if (options.sign) options.useLoader = true;
  if (options.columns !== undefined || options.sort !== undefined) options.table = true;
  return { options, words, error };
}

/** Returns the two files of the option `-S`. main.ts has already checked that the user gave both. */
export function signerOf(options: Options): { privateKey: string; certificate: string } | undefined {
  const { sign, privateKey, certificate } = options;
  return sign && privateKey !== undefined && certificate !== undefined ? { privateKey, certificate } : undefined;
}

function longNames(): string[] {
  return OPTIONS.flatMap(({ long }) => long ?? []);
}

function longOption(name: string): OptionEntry | string {
  const exact = OPTIONS.find(({ long }) => long === name);
  // Users cannot shorten the options that bpftool does not have. So `--p` stays bpftool's `--pretty`.
  const fits = OPTIONS.filter(({ letter, long }) => letter !== undefined && long?.startsWith(name));
  const found = exact ?? (fits.length === 1 ? fits[0] : undefined);
  if (found !== undefined) return found;
  if (fits.length === 0 || name === "") return `unrecognized option '--${name}'`;
  return `option '--${name}' could be ${fits.map(({ long }) => `'--${long}'`).join(" or ")}`;
}
