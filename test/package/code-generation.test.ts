import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** Enough values for a struct's own function to be compiled. */
const MANY = 500;

test("a process that may not compile text reads structs all the same", () => {
  const url = new URL("../../src/layout/object-reader.js", import.meta.url).href;
  const script = `const { objectReader } = await import(${JSON.stringify(url)});
    const read = objectReader([{ name: "a", offset: 1, read: (view, at) => view.getUint8(at) }]);
    const view = new DataView(new Uint8Array([4, 5]).buffer);
    let sum = 0;
    for (let i = 0; i < ${MANY}; i++) sum += read(view, 0).a;
    console.log(sum);`;
  const flags = ["--disallow-code-generation-from-strings", "--input-type=module", "-e", script];
  assert.equal(execFileSync(process.execPath, flags, { encoding: "utf8" }).trim(), String(5 * MANY));
});
