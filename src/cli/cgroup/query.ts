import { closeSync, openSync } from "node:fs";
import { Errno } from "../../errors/index.ts";
import { closeFd, type ProgInfo, type ProgQueryResult, progGetFdById, progInfo, progQuery } from "../../sys/index.ts";
import { BpfQueryFlag } from "../../uapi/index.ts";
import { CommandError } from "../command-error.ts";
import { fullProgramName } from "../handle/program-name.ts";
import { errnoOf, failedTo } from "../reason.ts";
import { CGROUP_ATTACH_TYPES } from "./attach-types.ts";

/** A program at a hook of a cgroup. */
export interface CgroupProgram {
  readonly id: number;
  readonly attach_type: number;
  /** Of the program, or of the hook; undefined in an effective query. */
  readonly attach_flags: number | undefined;
  readonly name: string;
  readonly attach_btf_obj_id: number;
  readonly attach_btf_id: number;
}

/** Opens a cgroup's directory for a call. */
export function withCgroup<T>(path: string, use: (fd: number) => T): T {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw failedTo(`can't open cgroup ${path}`, error);
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** The programs that are attached to a cgroup; with `effective` also what counts there of its ancestors. */
export function cgroupPrograms(path: string, effective: boolean): CgroupProgram[] {
  return withCgroup(path, (fd) => {
    const flags = effective ? BpfQueryFlag.BPF_F_QUERY_EFFECTIVE : 0;
    const found: CgroupProgram[] = [];
    for (const type of CGROUP_ATTACH_TYPES) {
      const result = query(fd, path, type, flags);
      if (result === undefined) continue;
      result.prog_ids.forEach((id, i) => {
        const program = programOf(id);
        if (program === undefined) return;
        found.push({
          id,
          attach_type: type,
          attach_flags: effective ? undefined : result.prog_attach_flags?.[i] || result.attach_flags,
          ...program,
        });
      });
    }
    return found;
  });
}

/** Undefined where this kernel has no such hook. */
function query(fd: number, path: string, type: number, query_flags: number): ProgQueryResult | undefined {
  try {
    return progQuery(fd, type, { query_flags });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === Errno.EINVAL) return undefined;
    if (errno === Errno.EBADF) {
      throw new CommandError(`can't query bpf programs attached to ${path}: it is not a cgroup (v2) directory`, {
        cause: error,
      });
    }
    throw failedTo(`can't query bpf programs attached to ${path}`, error);
  }
}

const programs = new Map<number, ReturnType<typeof readProgram>>();

/** Undefined for a program that went away meanwhile. Asked once for each: a tree shows the same ones often. */
function programOf(id: number): ReturnType<typeof readProgram> {
  if (!programs.has(id)) programs.set(id, readProgram(id));
  return programs.get(id);
}

function readProgram(id: number): Pick<CgroupProgram, "name" | "attach_btf_obj_id" | "attach_btf_id"> | undefined {
  let fd: number;
  try {
    fd = progGetFdById(id);
  } catch {
    return undefined;
  }
  try {
    const info: ProgInfo = progInfo(fd);
    const { attach_btf_obj_id = 0, attach_btf_id = 0 } = info;
    return { name: fullProgramName(info, fd), attach_btf_obj_id, attach_btf_id };
  } catch {
    return undefined;
  } finally {
    closeFd(fd);
  }
}
