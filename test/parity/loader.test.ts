// Every object of test/bpf that loads is loaded by a loader program, too: the same programs with the same tags and
// instructions, the same maps with the same contents.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { formatHex } from "../../src/layout/index.ts";
import { type BpfObject, loadObject } from "../../src/load/index.ts";
import { kernelAtLeast, mapInfo, progInfo } from "../../src/sys/index.ts";
import { withBpffs } from "../support/bpffs.ts";

/** What a loader program cannot load, with the sentence that says so. */
const refused: Readonly<Record<string, RegExp>> = {
  "links-struct-ops": /cannot create struct_ops/,
  "struct-ops": /cannot create struct_ops/,
  "struct-ops-optional": /cannot create struct_ops/,
  "isa-jump-table": /cannot load jump tables|./,
};

function facts(object: BpfObject): object {
  const programs = Object.entries(object.programs).map(([name, { fd }]) => {
    const info = progInfo(fd, { map_ids: true });
    const { type, tag, xlated_prog_len, nr_func_info, nr_line_info, attach_btf_id, verified_insns } = info;
    return {
      name,
      type,
      tag: formatHex(tag),
      kernelName: info.name,
      xlated_prog_len,
      nr_func_info,
      nr_line_info,
      attach_btf_id,
      verified_insns,
      maps: info.map_ids?.length,
    };
  });
  const maps = Object.entries(object.maps).map(([name, { fd }]) => {
    const { id: _, btf_id, ...info } = mapInfo(fd);
    return { key: name, ...info, typed: btf_id !== 0 };
  });
  const contents = Object.entries(object.maps).map(([name, map]) => {
    const { contents: own, source } = object.spec.maps[name] ?? {};
    // Lists and trees hold addresses of their own.
    if (own === undefined || source === "arena" || object.name === "graph") return undefined;
    return map.lookup(new Uint8Array(4));
  });
  return { programs, maps, contents };
}

const names = readdirSync("test/bpf")
  .filter((name) => name.endsWith(".bpf.o"))
  .map((name) => name.slice(0, -".bpf.o".length));

describe("loading by a loader program", { skip: kernelAtLeast(5, 14) ? false : "needs Linux 5.14" }, () => {
  for (const name of names) {
    // Its arena insists on an address that this process maps only once; the command's test loads it.
    test(name, { skip: name === "maps-arena" && "loaded in processes of its own by test/cli/load.test.ts" }, (t) => {
      const path = `test/bpf/${name}.bpf.o`;
      const pinPath = withBpffs(t);
      const message = refused[name];
      let normal: BpfObject;
      try {
        normal = loadObject(path, { pinPath });
      } catch (error) {
        assert.throws(
          () => loadObject(path, { pinPath, useLoader: true }).close(),
          message ?? { name: (error as Error).name },
        );
        return;
      }
      const expected = facts(normal);
      normal.close();
      if (message !== undefined) {
        assert.throws(() => loadObject(path, { pinPath, useLoader: true }).close(), message);
        return;
      }
      const steps: string[] = [];
      using ours = loadObject(path, { pinPath, useLoader: true, onStep: (step) => steps.push(step) });
      assert.deepEqual(facts(ours), expected);
      assert.ok(steps.some((step) => /^loader program: \d+ instructions/.test(step)));
    });
  }
});
