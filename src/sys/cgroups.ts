import { isCgroup2 } from "./file-systems.ts";
import { mounts } from "./mounts.ts";

/** Where the cgroup v2 hierarchy is mounted: the plain mount rather than a bind mount of a part; undefined for nowhere. */
export function cgroup2Mount(): string | undefined {
  const found = mounts().filter(({ type, path }) => type === "cgroup2" && isCgroup2(path));
  return (found.find(({ root }) => root === "/") ?? found[0])?.path;
}
