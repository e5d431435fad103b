// Maps of others, read without CAP_SYS_ADMIN: the kernel opens BTF by its id only for that capability.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { createMap } from "../../src/map/index.ts";
import { mapFreeze, objPin } from "../../src/sys/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withoutCapabilities } from "../support/privileges.ts";

const LIBRARY = JSON.stringify(import.meta.resolve("bpfts"));

/** Runs code in a Node that has all capabilities but CAP_SYS_ADMIN. Returns what it printed. */
function withoutSysAdmin(code: string): { readonly stdout: string; readonly stderr: string } {
  const script = `const { openMap, describeMaps, watchMap } = await import(${LIBRARY}); ${code}`;
  const [command, ...args] = withoutCapabilities("-sys_admin");
  return spawnSync(command, [...args, process.execPath, "--input-type=module", "-e", script], { encoding: "utf8" });
}

test("a pinned map with types is read and written as bytes, which is said once", (t) => {
  const bpffs = withBpffs(t);
  const hash = createMap({ type: "hash", name: "typed", key: "u32", value: { packets: "u64" }, maxEntries: 4 });
  const array = createMap({ type: "array", name: "typed", value: "u32", maxEntries: 2, mmapable: true });
  for (const [name, map] of Object.entries({ hash, array })) {
    t.after(() => map.close());
    objPin(`${bpffs}/${name}`, map.fd);
  }
  hash.set(7, { packets: 5n });
  array.set(1, 9);
  const { stdout, stderr } = withoutSysAdmin(`
    const hash = openMap({ pinned: "${bpffs}/hash" });
    const array = openMap({ pinned: "${bpffs}/array" });
    const show = (value) => JSON.stringify(value instanceof Uint8Array ? [...value] : value);
    console.log(show(hash.get(7)), [...hash].map(([key, value]) => show(key) + show(value)).join());
    hash.set(8, new Uint8Array(8).fill(1));
    console.log(show(hash.get(8)), hash.delete(8), hash.has(8), hash.types());
    console.log(show(array.get(1)), show(array.memory().get(1)), [...array.keys()].join());
    console.log([...describeMaps({ fds: [hash.fd] })].map(({ name }) => name).join());`);
  assert.deepEqual(stdout.split("\n"), [
    "[5,0,0,0,0,0,0,0] [7,0,0,0][5,0,0,0,0,0,0,0]",
    "[1,1,1,1,1,1,1,1] true false undefined",
    "[9,0,0,0] [9,0,0,0] 0,1",
    "typed",
    "",
  ]);
  assert.equal(stderr.match(/BpftsTypesWarning/g)?.length, 1, stderr);
  assert.match(
    stderr,
    /the BTF of map typed cannot be read, so its keys and values are shown as bytes: .*CAP_SYS_ADMIN/,
  );
});

test("who writes a frozen map without CAP_SYS_ADMIN learns that it is frozen, not that a capability is missing", (t) => {
  const bpffs = withBpffs(t);
  const map = createMap({ type: "hash", name: "typed", key: "u32", value: "u32", maxEntries: 4 });
  t.after(() => map.close());
  objPin(`${bpffs}/map`, map.fd);
  mapFreeze(map.fd);
  // The kernel answers EBUSY, or EPERM where it checks the right to freeze first.
  assert.throws(() => map.freeze(), /the map is frozen: only BPF programs can still write to it$/);
  const { stdout } = withoutSysAdmin(`
    const map = openMap({ pinned: "${bpffs}/map" });
    for (const change of [() => map.set(1, 1), () => map.delete(1), () => map.freeze(), () => map.setMany([[1, 1]])])
      try { change(); } catch (error) { console.log(error.message); }`);
  const lines = stdout.trim().split("\n");
  assert.equal(lines.length, 4, stdout);
  for (const line of lines) assert.match(line, /the map is frozen: only BPF programs can still write to it$/);
});
