import { batch } from "../batch/commands.ts";
import { btf } from "../btf/commands.ts";
import { cgroup } from "../cgroup/commands.ts";
import type { ObjectEntry } from "../command/command.ts";
import { completion } from "../completion/commands.ts";
import { explain } from "../explain/commands.ts";
import { feature } from "../feature/commands.ts";
import { gen } from "../gen/commands.ts";
import { iter } from "../iter/commands.ts";
import { link } from "../link/commands.ts";
import { map } from "../map/commands.ts";
import { net } from "../net/commands.ts";
import { perf } from "../perf/commands.ts";
import { prog } from "../prog/commands.ts";
import { structOps } from "../struct-ops/commands.ts";
import { token } from "../token/commands.ts";
import { verify } from "../verify/commands.ts";

/**
 * All objects, in bpftool's order. An object is the first word of a command line. The order matters: a shortened word
 * selects the first entry that begins with it.
 */
export const COMMANDS: readonly ObjectEntry[] = [
  { name: "help", summary: "print help" },
  batch,
  prog,
  map,
  link,
  cgroup,
  perf,
  net,
  feature,
  btf,
  gen,
  structOps,
  iter,
  token,
  explain,
  {
    name: "version",
    summary: "print the version",
    run: async () => (await import("./version.ts")).showVersion,
  },
  verify,
  completion,
];
