import { readlinkSync } from "node:fs";
import { UsageError } from "../errors/index.ts";

/** The kinds of objects that have an fd of bpf(2). */
export type ObjectKind = "program" | "map" | "link" | "btf";

/**
 * Returns the kind of object that an fd refers to; undefined if it refers to none. Reads it from the name of the open
 * file, such as `anon_inode:bpf-map`.
 */
export function kindOfFd(fd: number): ObjectKind | undefined {
  const target = fileOfFd(fd);
  const name = /^anon_inode:\[?bpf[-_](prog|map|link)\]?$/.exec(target)?.[1];
  if (name !== undefined) return name === "prog" ? "program" : (name as "map" | "link");
  return /^anon_inode:\[?btf\]?$/.test(target) ? "btf" : undefined;
}

function fileOfFd(fd: number): string {
  const path = `/proc/self/fd/${fd}`;
  try {
    return readlinkSync(path);
  } catch (cause) {
    throw new UsageError(
      `the kind of the object at fd ${fd} is unknown, because ${path} cannot be read; mount /proc with: mount -t proc proc /proc`,
      { cause },
    );
  }
}
