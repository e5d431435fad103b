import { opendirSync } from "node:fs";
import { kindOfFd } from "../kernel/index.ts";
import { decodeFileName } from "../layout/index.ts";
import { closeFd, linkHead, mapInfo, mounts, objGet, pathForNode, progInfo } from "../sys/index.ts";
import { HashChains } from "./hash-chains.ts";

/** The kinds of objects that can be pinned. */
export type PinnableKind = "program" | "map" | "link";

/**
 * Finds the pins of all objects of a kind, by the objects' ids. The pins are the regular files in all mounted bpffs. If
 * a bpffs is mounted twice, each of its pins has two paths. The paths of one object are in bpftool's order.
 */
export function pinnedPaths(kind: PinnableKind): HashChains<string> {
  const paths = new HashChains<string>();
  for (const path of pinFiles()) {
    const id = idOf(path, kind);
    if (id !== undefined) paths.add(id, path);
  }
  return paths;
}

/**
 * Returns the value of the field `pins` in an object's description: the paths of the object's pins. Returns undefined
 * if no object of this kind is pinned anywhere.
 */
export function pinsOf(paths: HashChains<string> | undefined, id: number): readonly string[] | undefined {
  return paths === undefined || paths.size === 0 ? undefined : paths.get(id);
}

function* pinFiles(): Generator<string> {
  for (const { type, path } of mounts()) if (type.startsWith("bpf")) yield* filesBelow(path);
}

function* filesBelow(directory: string): Generator<string> {
  let entries: ReturnType<typeof opendirSync>;
  try {
    // Read the names as bytes, because a name may be invalid UTF-8.
    entries = opendirSync(pathForNode(directory), { encoding: "buffer" as BufferEncoding });
  } catch {
    return;
  }
  try {
    // Do not use readdir(): it sorts the names, but bpftool shows them in the order of the file system.
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const path = `${directory}/${decodeFileName(entry.name as unknown as Uint8Array)}`;
      if (entry.isDirectory()) yield* filesBelow(path);
      else if (entry.isFile()) yield path;
    }
  } finally {
    entries.closeSync();
  }
}

function idOf(path: string, kind: PinnableKind): number | undefined {
  let fd: number;
  try {
    fd = objGet(path);
  } catch {
    return undefined;
  }
  try {
    if (kindOfFd(fd) !== kind) return undefined;
    if (kind === "program") return progInfo(fd).id;
    return kind === "map" ? mapInfo(fd).id : linkHead(fd).id;
  } catch {
    return undefined;
  } finally {
    closeFd(fd);
  }
}
