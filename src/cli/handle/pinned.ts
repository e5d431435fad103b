import { readlinkSync } from "node:fs";
import { dirname } from "node:path";
import { Errno, errnoText } from "../../errors/index.ts";
import { isBpffs, OwnedFd, objGet } from "../../sys/index.ts";
import { CommandError } from "../command-error.ts";
import { errnoOf, failedTo } from "../reason.ts";

/** The kinds of objects that can be pinned. */
export type ObjectKind = "prog" | "map" | "link" | "unknown";

/** Opens a pinned object that must be of one kind. */
export function openPinned(path: string, kind: ObjectKind): OwnedFd {
  const fd = new OwnedFd(getPinned(path), `${kind} pinned at ${path}`);
  const found = kindOfFd(fd.number);
  if (found === kind) return fd;
  fd.close();
  throw new CommandError(`incorrect object type: ${found}, expected a ${kind} at ${path}`);
}

function getPinned(path: string): number {
  try {
    return objGet(path);
  } catch (error) {
    // The kernel says EACCES of files elsewhere.
    if (errnoOf(error) === Errno.EACCES && !isBpffs(dirname(path))) {
      throw new CommandError(`bpf obj get (${path}): directory not in bpf file system (bpffs)`, { cause: error });
    }
    if (errnoOf(error) === Errno.ENOENT) {
      throw new CommandError(`bpf obj get (${path}): ${errnoText(Errno.ENOENT)}`, { cause: error });
    }
    throw failedTo(`bpf obj get (${path})`, error);
  }
}

/** Which kind of object an fd is, by the name that the kernel gives its file. */
export function kindOfFd(fd: number): ObjectKind {
  const target = readlinkSync(`/proc/self/fd/${fd}`);
  if (target.includes("bpf-map")) return "map";
  if (target.includes("bpf-prog")) return "prog";
  return target.includes("bpf-link") || target.includes("bpf_link") ? "link" : "unknown";
}
