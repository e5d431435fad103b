import type { ObjectKind } from "../../kernel/index.ts";

/** How the open files of BPF objects are told apart. */
export interface FileKind {
  /** The names that the kernel gives them (anon_inode_getfd in kernel/bpf/syscall.c and btf.c), of all versions. */
  readonly names: readonly string[];
  /** The field of /proc/PID/fdinfo/FD that has the id. */
  readonly field: string;
}

export const FILE_KINDS: Readonly<Record<ObjectKind, FileKind>> = {
  program: { names: ["bpf-prog"], field: "prog_id" },
  map: { names: ["bpf-map"], field: "map_id" },
  link: { names: ["bpf-link", "bpf_link"], field: "link_id" },
  btf: { names: ["btf"], field: "btf_id" },
};
