import { existsSync } from "node:fs";
import { namePattern, withoutEndSlashes } from "../../layout/index.ts";
import { type Cgroup, type CgroupProgram, cgroupPrograms, walkCgroups } from "../../link/index.ts";
import { cgroup2Mount, kernelBtfPath } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { escapeName } from "../output/terminal-text.ts";
import { unexpectedWord, type Words } from "../words/words.ts";
import { type AttachName, headText, rowJson, rowText, type View } from "./render.ts";

/** `bpfts cgroup show CGROUP [effective] [details]`. */
export const showCgroup: Run = async (words, options) => {
  words.need(1);
  const path = words.take("a cgroup");
  const view = takeView(words);
  const programs = cgroupPrograms(path, { effective: view.effective, details: view.details });
  const names = await attachNames([{ programs }]);
  if (options.table) {
    return (await import("./table.ts")).cgroupTable([{ path, programs }], view, names, { isTree: false, options });
  }
  return {
    *text() {
      if (programs.length === 0) return;
      yield headText(view);
      for (const program of programs) yield rowText(program, view, names);
    },
    json: () => programs.map((program) => rowJson(program, view, names)),
  };
};

/** `bpfts cgroup tree [CGROUP_ROOT] [effective] [details] [except PATTERN]…`. */
export const showCgroupTree: Run = async (words, options) => {
  const root = takeRoot(words);
  const view = takeView(words, { except: true });
  const { effective, details } = view;
  const cgroups: Cgroup[] = [];
  for (const cgroup of walkCgroups(root, { effective, details, except: exceptMatching(root, view.except) })) {
    if (cgroup.programs.length > 0) cgroups.push(cgroup);
  }
  const names = await attachNames(cgroups);
  if (options.table) return (await import("./table.ts")).cgroupTable(cgroups, view, names, { isTree: true, options });
  return {
    *text() {
      yield `CgroupPath\n${headText(view)}`;
      // Many cgroups inherit the same programs, so each program is rendered only once.
      const rows = new Map<CgroupProgram, string>();
      const row = (program: CgroupProgram): string => {
        let text = rows.get(program);
        if (text === undefined) {
          text = rowText(program, view, names);
          rows.set(program, text);
        }
        return text;
      };
      for (const { path, level, programs } of cgroups) {
        const indent = level > 0 ? "    " : "";
        yield `${escapeName(path)}\n${indent}${programs.map(row).join(indent)}`;
      }
    },
    json: () =>
      cgroups.map(({ path, programs }) => ({
        cgroup: path,
        programs: programs.map((program) => rowJson(program, view, names)),
      })),
  };
};

/**
 * Takes the path of the tree's root, unless the next word is one of the keywords or a beginning of one. For a directory
 * with such a name, users write for example ./effective.
 */
function takeRoot(words: Words): string {
  const { peek } = words;
  const given =
    peek !== undefined &&
    peek !== "" &&
    !["effective", "details", "except"].some((keyword) => keyword.startsWith(peek));
  const root = given ? words.take("a cgroup") : cgroup2Mount();
  if (root === undefined) throw new CommandError("cgroup v2 isn't mounted");
  return root;
}

/** What the user asked for after the cgroup's path. */
interface TreeView extends View {
  /**
   * Patterns for cgroups. A tree omits the cgroups that match, and all their descendants. bpftool does not have this
   * option.
   */
  readonly except: readonly string[];
}

/** Takes the words after the cgroup in `show` and `tree`. */
function takeView(words: Words, options: { except?: boolean } = {}): TreeView {
  let effective = false;
  let details = false;
  const except: string[] = [];
  while (words.left > 0) {
    const word = words.peek;
    if (words.takeKeyword("effective")) {
      if (effective) throw new CommandError(`duplicated argument: ${word}`);
      effective = true;
    } else if (words.takeKeyword("details")) {
      if (details) throw new CommandError(`duplicated argument: ${word}`);
      details = true;
    } else if (options.except === true && word === "except") {
      words.take("except");
      except.push(words.take("a pattern of cgroups to leave out"));
    } else {
      const more = options.except === true ? ["except PATTERN"] : [];
      throw unexpectedWord(["effective", "details", ...more], words, { mayEnd: true });
    }
  }
  return { effective, details, except };
}

/**
 * Returns a function that returns true for the path of a cgroup that the tree omits. In a pattern, `*` stands for any
 * characters except a slash, `**` for any characters, and `?` for one character. A pattern that begins with a slash is
 * compared with the whole path. A pattern with a slash elsewhere is compared with the path below the tree's root. A
 * pattern without a slash is compared with the cgroup's own name.
 */
function exceptMatching(root: string, patterns: readonly string[]): ((path: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const below = withoutEndSlashes(root).length + 1;
  const tests = patterns.map((pattern) => {
    const fits = namePattern(pattern, { paths: true });
    if (pattern.startsWith("/")) return fits;
    if (pattern.includes("/")) return (path: string) => fits(path.slice(below));
    return (path: string) => fits(path.slice(path.lastIndexOf("/") + 1));
  });
  return (path) => tests.some((test) => test(path));
}

/**
 * Returns the names of the kernel functions that lsm_cgroup programs are attached to. For all other programs, the name
 * is empty if the kernel has BTF, because bpftool looks up the type 0 for them and prints its empty name.
 */
async function attachNames(cgroups: readonly { readonly programs: readonly CgroupProgram[] }[]): Promise<AttachName> {
  const placed = cgroups.flatMap(({ programs }) => programs.filter(({ attachBtfId }) => attachBtfId !== 0));
  const none = existsSync(kernelBtfPath()) ? "" : undefined;
  const names = placed.length === 0 ? undefined : (await import("./target-names.ts")).targetNames(placed);
  return (program) => (program.attachBtfId === 0 && program.attachBtfObjId === 0 ? none : names?.(program));
}
