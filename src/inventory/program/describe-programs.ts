import { isGone, type OptionTable, objectFds } from "../../kernel/index.ts";
import { closeFd, progGetFdById } from "../../sys/index.ts";
import { checkDescribeOptions, DESCRIBE_OPTIONS, type DescribeOptions, findOwners } from "../owners.ts";
import { iteratedPrograms, openProgramIterator } from "./iterate-programs.ts";
import { ProgramDetailsReader } from "./program-details.ts";
import { type ProgramDescription, ProgramReader } from "./read-program.ts";

/** Options of {@link describePrograms}. */
export interface DescribeProgramsOptions extends DescribeOptions {
  /** Adds the names of the program's maps, and the attach target that the program was loaded for. */
  readonly details?: boolean | undefined;
}

const OPTIONS: OptionTable<DescribeProgramsOptions> = { ...DESCRIBE_OPTIONS, details: "boolean" };

/**
 * With more programs than this, an iterator program is faster than system calls for each program, although it must be
 * loaded first.
 */
export const FEW_PROGRAMS = 500;

/**
 * Describes loaded programs one after another, so that only one description is in memory at a time. Skips programs that
 * disappear during the call. Without `fds`, the programs after the first {@link FEW_PROGRAMS} are described by an
 * iterator program, which takes a tenth of the time. If it cannot run, this function uses system calls for them too.
 * Needs CAP_SYS_ADMIN, unless `fds` names the programs.
 */
export function* describePrograms(
  options: DescribeProgramsOptions = {},
): Generator<ProgramDescription, void, undefined> {
  checkDescribeOptions("describePrograms", options, OPTIONS);
  const owners = findOwners("program", options);
  using reader = new ProgramReader();
  using details = options.details === true ? new ProgramDetailsReader() : undefined;
  const programs = options.fds === undefined ? everyProgram(reader) : readPrograms(reader, options.fds);
  for (const program of programs) yield Object.assign(program, owners(program.id), details?.details(program));
}

function* everyProgram(reader: ProgramReader): Generator<ProgramDescription, void, undefined> {
  let count = 0;
  let last = 0;
  for (const program of readPrograms(reader, objectFds("program"))) {
    yield program;
    last = program.id;
    if (++count === FEW_PROGRAMS) break;
  }
  if (count === FEW_PROGRAMS) yield* manyPrograms(reader, last);
}

function* readPrograms(reader: ProgramReader, fds: Iterable<number>): Generator<ProgramDescription, void, undefined> {
  for (const fd of fds) yield reader.describe(fd);
}

/**
 * Describes the programs with ids above `after` by the iterator program. Uses system calls for each program with an
 * incomplete record, and for all programs if the iterator cannot run.
 */
export function* manyPrograms(reader: ProgramReader, after: number): Generator<ProgramDescription, void, undefined> {
  const iterator = openProgramIterator();
  if (iterator === undefined) {
    yield* readPrograms(reader, objectFds("program", { after }));
    return;
  }
  try {
    for (const program of iteratedPrograms(iterator, reader)) {
      if (typeof program === "number") {
        if (program > after) yield* readById(reader, program);
      } else if (program.id > after) yield program;
    }
  } finally {
    iterator.close();
  }
}

function* readById(reader: ProgramReader, id: number): Generator<ProgramDescription, void, undefined> {
  let fd: number;
  try {
    fd = progGetFdById(id);
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  try {
    yield reader.describe(fd);
  } finally {
    closeFd(fd);
  }
}
