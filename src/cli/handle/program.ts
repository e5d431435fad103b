import type { Btf } from "../../btf/index.ts";
import { isGone, openPinnedFd, permittedBtf } from "../../kernel/index.ts";
import { formatHex, parseHex } from "../../layout/index.ts";
import { fullProgramName as fullName } from "../../program/index.ts";
import { OwnedFd, type ProgInfo, progGetFdById, progGetNextId, progInfo } from "../../sys/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { writeNote } from "../output/write.ts";
import { parseU32, unexpectedWord, type Words } from "../words/words.ts";

const TAG_BYTES = 8;
/** The most bytes of a name: bpftool's MAX_PROG_FULL_NAME is 128 bytes with the NUL. */
const MAX_NAME = 127;

/**
 * Opens the programs that `id N`, `tag TAG`, `name NAME` or `pinned FILE` names: one or more. The caller closes them.
 */
export function takePrograms(words: Words): OwnedFd[] {
  if (words.takeKeyword("id")) return [programById(parseU32(words.take("a number"), "ID"))];
  if (words.takeKeyword("tag")) {
    const word = words.take("a tag");
    const tag = parseHex(word);
    if (tag?.length !== TAG_BYTES) throw new CommandError(`can't parse tag '${word}': a tag has 16 hexadecimal digits`);
    const wanted = formatHex(tag);
    return programsWhere((info) => formatHex(info.tag) === wanted, `tag ${wanted}`);
  }
  if (words.takeKeyword("name")) {
    const name = words.take("a name");
    if (Buffer.byteLength(name) > MAX_NAME) throw new CommandError(`can't parse name '${name}': it is too long`);
    return programsWhere((info, fd) => fullProgramName(info, fd) === name, `name '${name}'`);
  }
  if (words.takeKeyword("pinned")) return [openPinnedFd(words.take("a file"), "program")];
  throw unexpectedWord(["id", "tag", "name", "pinned"], words);
}

/** Does the same as {@link takePrograms} for a command that takes exactly one program. */
export function takeProgram(words: Words): OwnedFd {
  const programs = takePrograms(words);
  if (programs.length === 1) return programs[0] as OwnedFd;
  const ids = programs.map((fd) => progInfo(fd.number).id);
  for (const fd of programs) fd.close();
  throw new CommandError(`several programs match this handle: ids ${ids.join(", ")}`);
}

function programById(id: number): OwnedFd {
  try {
    return new OwnedFd(progGetFdById(id), `program ${id}`);
  } catch (error) {
    throw failedTo(`get by id (${id})`, error);
  }
}

function programsWhere(fits: (info: ProgInfo, fd: number) => boolean, what: string): OwnedFd[] {
  const found: OwnedFd[] = [];
  try {
    for (const fd of eachProgram()) {
      if (fits(progInfo(fd.number), fd.number)) found.push(fd);
      else fd.close();
    }
  } catch (error) {
    for (const fd of found) fd.close();
    throw error;
  }
  if (found.length === 0) throw new CommandError(`no program has the ${what}`);
  return found;
}

/** Opens every program in the order of ids. Skips programs that disappear meanwhile. The caller closes each program. */
export function* eachProgram(): Generator<OwnedFd> {
  for (let id = nextId(0); id !== undefined; id = nextId(id)) {
    let fd: number;
    try {
      fd = progGetFdById(id);
    } catch (error) {
      if (isGone(error)) continue;
      throw failedTo(`can't get prog by id (${id})`, error);
    }
    yield new OwnedFd(fd, `program ${id}`);
  }
}

function nextId(id: number): number | undefined {
  try {
    return progGetNextId(id);
  } catch (error) {
    throw failedTo("can't get next program", error);
  }
}

/**
 * Returns a program's full name. The kernel stores only 15 characters. If the name has 15 characters, this function
 * takes the whole name from the program's BTF.
 */
function fullProgramName(info: ProgInfo, fd: number): string {
  return fullName(info, fd, loadedBtf);
}

const loaded = new Map<number, Btf | undefined>();
let hasWarned = false;

/**
 * Returns the BTF that the kernel has loaded with this id. Each command reads it only once. Returns undefined if the
 * BTF is gone. Also returns undefined without CAP_SYS_ADMIN, because a pinned object can be shown without this
 * capability. The command then warns once that names and source lines are missing.
 */
export function loadedBtf(id: number): Btf | undefined {
  if (!loaded.has(id)) loaded.set(id, readOrWarn(id));
  return loaded.get(id);
}

function readOrWarn(id: number): Btf | undefined {
  return permittedBtf(id, () => {
    if (!hasWarned) {
      writeNote("Warning: prototypes and source lines are left out, because opening BTF by its id needs CAP_SYS_ADMIN");
    }
    hasWarned = true;
  });
}
