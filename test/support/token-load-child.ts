// The child process of the test that loads with a token. It runs in its own user namespace, and its parent delegates
// BPF features to it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { createMap, loadObject } from "bpfts";
import { delegatedBpffs } from "./delegated.ts";

const OBJECT = "test/bpf/counter.bpf.o";
const COMMAND = join(process.cwd(), "dist/bin/bpfts.js");
const VARIABLE = "LIBBPF_BPF_TOKEN_PATH";
const MAP = ["type", "array", "key", "4", "value", "4", "entries", "1", "name", "counts"];

function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return (error as Error).message;
  }
}

function load(token: string | undefined): unknown {
  return outcome(() => {
    using object = loadObject(OBJECT, { token });
    return `${Object.keys(object.programs).length} programs, ${Object.keys(object.maps).length} maps`;
  });
}

function create(token: string | undefined): unknown {
  return outcome(() => {
    using map = createMap({ type: "array", key: "u32", value: "u64", maxEntries: 1, token });
    return map.info().max_entries;
  });
}

function bpfts(variable: string | undefined, ...words: string[]): string {
  const env = { ...process.env, ...(variable === undefined ? {} : { [VARIABLE]: variable }) };
  const { status, stderr } = spawnSync(process.execPath, [COMMAND, ...words], { encoding: "utf8", env });
  return status === 0 ? "done" : stderr;
}

delegatedBpffs().then((mounted) => {
  const path = `/proc/${process.pid}/fd/${mounted}`;
  const result: Record<string, unknown> = {
    loadWithout: load(undefined),
    load: load(path),
    loadElsewhere: load("/proc/self"),
    createWithout: create(undefined),
    create: create(path),
    commandWithout: bpfts(undefined, "map", "create", `${path}/a`, ...MAP),
    commandCreates: bpfts(undefined, "--token", path, "map", "create", `${path}/b`, ...MAP),
    commandCreatesByVariable: bpfts(path, "map", "create", `${path}/c`, ...MAP),
    commandLoads: bpfts(undefined, "--token", path, "prog", "load", OBJECT, `${path}/d`),
    commandLoadsAll: bpfts(path, "prog", "loadall", OBJECT, `${path}/e`),
    commandPrevented: bpfts(path, "--token", "", "prog", "load", OBJECT, `${path}/f`),
  };
  process.env[VARIABLE] = path;
  Object.assign(result, {
    loadByVariable: load(undefined),
    loadPrevented: load(""),
    createByVariable: create(undefined),
  });
  console.log(JSON.stringify(result));
  process.exit(0);
});
