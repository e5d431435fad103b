import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./kernels.ts";

/** Downloads Debian's Node, busybox and their libraries for another architecture. Returns their root directory. */
export function bringForeignRoot(architecture: "s390x" | "arm64"): string {
  const cache = cacheFolder();
  const root = join(cache, `node-${architecture}`);
  if (!existsSync(join(root, "usr/bin/node"))) {
    execFileSync("scripts/vm/foreign-node.sh", [cache, architecture], { stdio: ["ignore", 2, 2] });
  }
  return root;
}
