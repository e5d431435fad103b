import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
};
const subpaths = Object.entries(exports).flatMap(([name, target]) =>
  typeof target === "string" ? [] : [{ name, file: target.default }],
);

/** What a built file imports, with all that those import. */
function reached(file: string, found: Set<string> = new Set()): Set<string> {
  for (const [, from] of readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^;"]*"([^"]+)";?$/gm)) {
    const target = from as string;
    const path = target.startsWith(".") ? join(dirname(file), target) : target;
    if (found.has(path)) continue;
    found.add(path);
    if (target.startsWith(".")) reached(path, found);
  }
  return found;
}

for (const { name, file } of subpaths) {
  test(`${name} is a few files, not one for each of the sources`, () => {
    const files = [...reached(file)].filter((path) => path.endsWith(".js"));
    assert.ok(files.length > 0 && files.length < 40, `${files.length} files`);
  });
}

for (const name of ["./layout", "./uapi", "./elf", "./btf", "./asm", "./object"]) {
  test(`${name} is published without an import of Node's or of the FFI library`, () => {
    const { file } = subpaths.find((subpath) => subpath.name === name) as { file: string };
    const foreign = [...reached(file)].filter((path) => !path.endsWith(".js"));
    assert.deepEqual(foreign, []);
  });
}

test("the check above sees imports: the door to the kernel has some of Node's", () => {
  assert.ok([...reached("dist/sys/index.js")].includes("node:fs"));
});
