import type { ObjectKind } from "../../kernel/index.ts";
import { openFileNumbers } from "../../sys/index.ts";

/** How to recognize the open files of one kind of BPF objects. */
export interface FileKind {
  /**
   * The names that these files can have; the name depends on the kernel's version (anon_inode_getfd in
   * kernel/bpf/syscall.c and btf.c).
   */
  readonly names: readonly string[];
  /** The field of /proc/PID/fdinfo/FD with the object's id. */
  readonly field: string;
}

export const FILE_KINDS: Readonly<Record<ObjectKind, FileKind>> = {
  program: { names: ["bpf-prog"], field: "prog_id" },
  map: { names: ["bpf-map"], field: "map_id" },
  link: { names: ["bpf-link", "bpf_link"], field: "link_id" },
  btf: { names: ["btf"], field: "btf_id" },
};

/** An open file of a BPF object. */
export interface OpenObject {
  readonly pid: number;
  readonly id: number;
}

/**
 * Searches /proc for open files that refer to objects of one kind, such as maps. Returns undefined if the search would take longer than `budget`
 * microseconds.
 */
export function searchProc(
  kind: ObjectKind,
  options: { readonly onGap?: ((why: string) => void) | undefined; readonly budget?: number | undefined },
): OpenObject[] | undefined {
  const { names, field } = FILE_KINDS[kind];
  const targets = names.map((name) => `anon_inode:${name}`);
  const found = openFileNumbers({ targets, field, budget: options.budget });
  if (found === undefined) return undefined;
  const { files, refused } = found;
  if (refused > 0) {
    options.onGap?.(
      `the open files of ${refused} ${refused === 1 ? "process" : "processes"} cannot be read without CAP_SYS_PTRACE`,
    );
  }
  return files.map(({ pid, value }) => ({ pid, id: value }));
}
