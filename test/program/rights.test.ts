// A pinned program, used with the capabilities that docs/library.md asks for. They do not open BTF by its id.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { loadObject } from "../../src/load/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withoutCapabilities } from "../support/privileges.ts";

const LIBRARY = JSON.stringify(import.meta.resolve("bpfts"));

test("with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN a pinned program is listed without source lines, which is said once", (t) => {
  const bpffs = withBpffs(t);
  using object = loadObject("test/bpf/counter.bpf.o");
  object.program("egress").pin(`${bpffs}/egress`);
  object.map("counts").pin(`${bpffs}/counts`);
  const script = `const { loadObject, openMap, openProgram } = await import(${LIBRARY});
    const program = openProgram({ pinned: "${bpffs}/egress" });
    const all = program.instructions();
    console.log(all.length > 0, all.some(({ line }) => line !== undefined));
    console.log(program.run({ dataIn: new Uint8Array(64) }).retval, program.info().name);
    console.log([...openMap({ pinned: "${bpffs}/counts" }).entries()].length);
    const own = loadObject("test/bpf/counter.bpf.o");
    console.log(own.variable("threshold").value, [...own.map("counts").keys()].length);`;
  const [command, ...args] = withoutCapabilities("-all,+bpf,+perfmon,+net_admin");
  const { stdout, stderr } = spawnSync(command, [...args, process.execPath, "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.deepEqual(stdout.split("\n"), ["true false", "1 egress", "1", "0 0", ""], stderr);
  const about = /BpftsTypesWarning: the BTF of a program cannot be read, [^\n]* its id needs CAP_SYS_ADMIN/g;
  assert.equal(stderr.match(about)?.length, 1, stderr);
});
