import { errnoText, SyscallError, UsageError } from "../../errors/index.ts";
import type { LoaderProgram } from "../../object/index.ts";
import {
  closeFd,
  mapCreate,
  mapFreeze,
  mapUpdateElem,
  progLoadError,
  progTestRun,
  tryProgLoad,
} from "../../sys/index.ts";
import { BpfMapType, BpfProgFlag, BpfProgType } from "../../uapi/index.ts";
import { programTooNew } from "./first-kernel.ts";

/** What a loader program made: fds, all of them the caller's to close. */
export interface LoaderResult {
  readonly maps: readonly number[];
  readonly programs: readonly number[];
}

/** A loader program ended early; nothing that it made is left. */
export class LoaderError extends SyscallError {
  /** The number of the step in the loader's list. */
  readonly step: number;
  constructor(step: number, subject: string, errno: number) {
    super({ call: "the loader program", errno, subject });
    this.step = step;
  }
}

const LOG_SIZE = 1 << 16;

/**
 * Loads a loader program and runs it. `given` are fds of maps that are not to be created, by their place in the plan:
 * they are the loader's, which closes them when it fails. `describe` says what a step is about.
 */
export function runLoader(
  loader: LoaderProgram,
  given: ReadonlyMap<number, number>,
  describe: (step: number) => string,
): LoaderResult {
  const context = new Uint8Array(loader.contextSize);
  const view = new DataView(context.buffer);
  for (const [map, fd] of given) view.setUint32(loader.mapOffsets[map] as number, fd, true);
  const program = loadLoader(loader);
  let returned: number;
  try {
    returned = progTestRun(program, { ctx_in_place: context }).retval | 0;
  } finally {
    closeFd(program);
  }
  if (returned < 0) {
    const step = view.getUint32(loader.stepOffset, true);
    throw new LoaderError(step, describe(step), -returned);
  }
  const fdAt = (offset: number): number => view.getUint32(offset, true);
  return { maps: loader.mapOffsets.map(fdAt), programs: loader.programOffsets.map(fdAt) };
}

/** The loader in the kernel, with its data in a map of its own. */
function loadLoader({ instructions, data }: LoaderProgram): number {
  const map = mapCreate({
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 4,
    value_size: data.length,
    max_entries: 1,
    map_name: "loader_data",
  });
  try {
    mapUpdateElem(map, new Uint8Array(4), data);
    mapFreeze(map);
    const load = {
      prog_type: BpfProgType.BPF_PROG_TYPE_SYSCALL,
      insns: instructions,
      prog_flags: BpfProgFlag.BPF_F_SLEEPABLE,
      prog_name: "loader",
      fd_array: [map],
    };
    const { fd, errno } = tryProgLoad(load);
    if (fd !== undefined) return fd;
    const { log, fd: second } = tryProgLoad({ ...load, log: { size: LOG_SIZE } });
    if (second !== undefined) return second;
    const error = progLoadError(load, errno);
    const line = log.trimEnd().split("\n").at(-2)?.trim();
    if (line === undefined || line === "") throw programTooNew(load, error) ?? error;
    throw new UsageError(`the loader program is refused: ${errnoText(errno)}: ${line}`, { cause: error });
  } finally {
    closeFd(map);
  }
}
