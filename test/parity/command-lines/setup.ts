import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { formatHex } from "../../../src/layout/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import { closeFd, mapCreate, mapInfo, objPin, progInfo, progLoad } from "../../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { withDirectory } from "../../support/directory.ts";
import { returning } from "../../support/programs.ts";

/** The objects whose programs and maps are there for the command lines, each in a directory of its own. */
const LOADED = ["counter", "functions", "kfuncs", "maps-nested", "metadata", "names", "run", "isa-v4", "atomics"];
/** The name that is made unique in a copy of `names-long`: names are asked for, and other tests load that object, too. */
const LONG_NAME = "a_program_with_quite_a_long_name";

/** What the command lines of the table are run on. */
export interface Stage {
  /** `{name}` of a command line, and what stands for it here. */
  readonly names: ReadonlyMap<string, string>;
  /** The ids of its programs: of a listing of all that are loaded only these are compared. */
  readonly programIds: ReadonlySet<number>;
  readonly bpffs: string;
  readonly directory: string;
}

/**
 * Loads what the table's command lines name: `{counter/ingress}` is a pin, `{counter/ingress.id}` its program's id.
 * All of it is pinned, and held open by no process: a bpftool without its pid iterator shows none.
 */
export function stage(t: TestContext): Stage {
  const bpffs = withBpffs(t);
  const directory = withDirectory(t);
  const names = new Map<string, string>();
  const programIds = new Set<number>();
  const unique = `a_program_of_${process.pid}`.padEnd(LONG_NAME.length, "_");
  const addProgram = (name: string, fd: number): void => {
    const info = progInfo(fd);
    programIds.add(info.id);
    names.set(`${name}.id`, `${info.id}`);
    names.set(`${name}.hex`, `0x${info.id.toString(16)}`);
    names.set(`${name}.octal`, `0${info.id.toString(8)}`);
    names.set(`${name}.tag`, formatHex(info.tag));
  };
  const addPinned = (name: string, fd: number): void => {
    addProgram(name, fd);
    objPin(join(bpffs, name), fd);
    closeFd(fd);
  };
  for (const name of LOADED) {
    let file = `test/bpf/${name}.bpf.o`;
    if (name === "names") {
      file = join(directory, "names.bpf.o");
      const text = readFileSync("test/bpf/names-long.bpf.o", "latin1").replaceAll(LONG_NAME, unique);
      writeFileSync(file, text, "latin1");
    }
    names.set(`${name}.o`, file);
    using object = loadObject(file);
    for (const [key, program] of Object.entries(object.programs)) {
      const short = key === unique ? "long" : key;
      program.pin(join(bpffs, name, short));
      names.set(`${name}/${short}`, join(bpffs, name, short));
      addProgram(`${name}/${short}`, program.fd);
    }
    for (const [key, map] of Object.entries(object.maps)) {
      if (key.includes(".")) continue;
      map.pin(join(bpffs, name, "maps", key));
      names.set(`${name}/maps/${key}`, join(bpffs, name, "maps", key));
      names.set(`${name}/maps/${key}.id`, `${map.info().id}`);
    }
  }
  // Two of one name and one tag, and one of the same tag.
  const value = 1_000_000 + process.pid;
  const type = BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER;
  for (const [key, prog_name] of [
    ["one", `twin_${process.pid}`],
    ["two", `twin_${process.pid}`],
    ["three", `third_${process.pid}`],
  ] as const) {
    addPinned(key, progLoad({ prog_type: type, insns: returning(value), prog_name }));
    names.set(key, join(bpffs, key));
  }
  names.set("twin", `twin_${process.pid}`);
  names.set("third", `third_${process.pid}`);
  names.set("long", unique);
  names.set("value", `${value}`);
  names.set("hex value", `0x${value.toString(16)}`);
  for (const [key, prog_type] of [
    ["sk_msg", BpfProgType.BPF_PROG_TYPE_SK_MSG],
    ["sk_skb", BpfProgType.BPF_PROG_TYPE_SK_SKB],
    ["closed", BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER],
  ] as const) {
    const license = key === "closed" ? "Proprietary" : "GPL";
    addPinned(key, progLoad({ prog_type, insns: returning(1), prog_name: key, license }));
  }
  const sockmap = { map_type: BpfMapType.BPF_MAP_TYPE_SOCKMAP, key_size: 4, value_size: 4, max_entries: 1 };
  const map = mapCreate(sockmap);
  names.set("sockmap.id", `${mapInfo(map).id}`);
  objPin(join(bpffs, "sockmap"), map);
  closeFd(map);
  names.set("fs", bpffs);
  addFiles(directory, names);
  return { names, programIds, bpffs, directory };
}

/** Files that are no objects, or no good ones. */
function addFiles(directory: string, names: Map<string, string>): void {
  const add = (name: string, content: string | Uint8Array): void => {
    writeFileSync(join(directory, name), content);
    names.set(name, join(directory, name));
  };
  const object = readFileSync("test/bpf/minimal.bpf.o");
  add("empty", "");
  add("text", "no object\n");
  add("cut", object.subarray(0, 200));
  add("packet", new Uint8Array(64).fill(7));
  names.set("dir", directory);
}
