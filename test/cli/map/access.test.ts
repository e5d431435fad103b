import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync } from "node:fs";
import { test } from "node:test";
import { createMap, type MapOptions } from "../../../src/map/index.ts";
import { kernelAtLeast } from "../../../src/sys/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { lacking } from "../../support/feature.ts";
import { withoutCapabilities } from "../../support/privileges.ts";
import { bpfts, COMMAND } from "../run.ts";

const KEY = ["key", "1", "0", "0", "0"];
const VALUE = ["value", "2", "0", "0", "0"];

test("whoever changes a frozen map learns that it is frozen", (t) => {
  const bpffs = withBpffs(t);
  const make = (name: string, options: MapOptions) => {
    const map = createMap({ name, value: "u32", maxEntries: 4, ...options });
    t.after(() => map.close());
    map.pin(`${bpffs}/${name}`);
    return map;
  };
  make("hash", { type: "hash", key: "u32" }).set(1, 2);
  make("queue", { type: "queue" }).push(3);
  for (const name of ["hash", "queue"]) {
    assert.deepEqual(bpfts("map", "freeze", "pinned", `${bpffs}/${name}`), { stdout: "", stderr: "", code: 0 });
  }
  const cases: readonly (readonly [words: readonly string[], name: string, failure: string])[] = [
    [["update", ...KEY, ...VALUE], "hash", "update failed"],
    [["delete", ...KEY], "hash", "delete failed"],
    [["freeze"], "hash", "failed to freeze map"],
    [["push", ...VALUE], "queue", "update failed"],
    [["pop"], "queue", "pop failed"],
  ];
  for (const [[command = "", ...rest], name, failure] of cases) {
    const { stderr, code } = bpfts("map", command, "pinned", `${bpffs}/${name}`, ...rest);
    const why = "the map is frozen: only BPF programs can still write to it";
    // Before 6.5 the kernel asks whether the map is frozen before it asks for the right to freeze it.
    const [errno, exit] =
      command === "freeze" && !kernelAtLeast(6, 5)
        ? ["Device or resource busy", 240]
        : ["Operation not permitted", 255];
    assert.equal(stderr, `Error: ${failure}: ${errno}; ${why}\n`, command);
    assert.equal(code, exit, command);
  }
  assert.equal(bpfts("map", "lookup", "pinned", `${bpffs}/hash`, ...KEY).code, 0);
  assert.equal(bpfts("map", "peek", "pinned", `${bpffs}/queue`).code, 0);
});

test("a pin that may only be read is read, and every change of its map is refused with the pin's mode", (t) => {
  const bpffs = withBpffs(t);
  const map = createMap({ type: "hash", name: "readable", key: "u32", value: "u32", maxEntries: 4 });
  t.after(() => map.close());
  map.set(1, 2);
  const path = `${bpffs}/map`;
  map.pin(path);
  chownSync(path, 65534, 65534);
  chmodSync(path, 0o444);
  // Root without the capabilities by which it may open every file.
  const [setpriv, ...rights] = withoutCapabilities("-dac_override,-dac_read_search");
  const run = ([command = "", ...words]: readonly string[]) =>
    spawnSync(setpriv, [...rights, process.execPath, COMMAND, "map", command, "pinned", path, ...words], {
      encoding: "utf8",
    });
  for (const words of [["show"], ["dump"], ["lookup", ...KEY], ["getnext"]]) {
    const { stderr, status } = run(words);
    assert.deepEqual([stderr, status], ["", 0], words[0]);
  }
  for (const words of [["update", ...KEY, ...VALUE], ["delete", ...KEY], ["freeze"]]) {
    const { stderr, status } = run(words);
    assert.match(
      stderr,
      /Permission denied \(EACCES\); the pin's mode is 0444 and it belongs to user 65534: /,
      words[0],
    );
    assert.equal(status, 255, words[0]);
  }
  assert.equal(map.get(1), 2);
});

const UNLISTED: readonly (readonly [options: MapOptions, shown: string, lack: string | false])[] = [
  [{ type: "arena", maxEntries: 2 }, "an arena", lacking("map:arena")],
  [{ type: "inode_storage", value: "u32" }, "an inode_storage", lacking("map:inode_storage")],
  [{ type: "ringbuf", maxEntries: 4096 }, "a ringbuf", false],
];

for (const [options, shown, skip] of UNLISTED) {
  test(`the elements of ${shown} map cannot be dumped, and the sentence has this article`, { skip }, () => {
    using map = createMap(options);
    const { stderr } = bpfts("map", "dump", "id", String(map.id));
    assert.match(stderr, new RegExp(`: the elements of ${shown} map cannot be listed; `));
  });
}
