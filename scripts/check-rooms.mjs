// Do the linter's rules of the house still bite? Plants every kind of violation in a copy of the sources and fails unless
// each is reported: an import down the house, a node: import in a pure room, the FFI library outside its door, a cycle.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const rooms = ["errors", "layout", "uapi", "elf", "btf", "asm", "object", "sys", "kernel", "cli"];
const pure = rooms.slice(0, rooms.indexOf("sys"));
const restricted = "lint/style/noRestrictedImports";

/** Each plant is a file, its text and the rule that must report it. */
const plants = [];
const plant = (path, text, rule) => plants.push({ path, text, rule });
for (const [place, room] of rooms.entries()) {
  for (const below of rooms.slice(place + 1)) {
    plant(`src/${room}/planted-${below}.ts`, `export * from "../${below}/index.ts";\n`, restricted);
    plant(`src/${room}/planted-deep/${below}.ts`, `import "../../${below}/index.ts";\n`, restricted);
  }
  plant(`src/${room}/planted-koffi.ts`, `import "koffi";\n`, restricted);
  plant(`src/${room}/planted-koffi-later.ts`, `export const later: Promise<unknown> = import("koffi");\n`, restricted);
}
for (const room of pure) {
  plant(`src/${room}/planted-node.ts`, `import "node:fs";\n`, restricted);
  plant(`src/${room}/planted-node-type.ts`, `export type { Stats } from "node:fs";\n`, restricted);
}
plant("src/layout/planted-cycle-a.ts", `import "./planted-cycle-b.ts";\n`, "lint/suspicious/noImportCycles");
plant("src/layout/planted-cycle-b.ts", `import "./planted-cycle-a.ts";\n`, "lint/suspicious/noImportCycles");
plant("src/cli/planted-enum.ts", "export enum Planted {\n  ONE,\n}\n", "lint/style/noEnum");

function lint(directory) {
  const { stdout, stderr } = spawnSync(
    resolve("node_modules/.bin/biome"),
    ["lint", "--reporter=json", "--max-diagnostics=none", "src"],
    { cwd: directory, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const json = stdout.slice(stdout.indexOf("{"));
  try {
    return JSON.parse(json).diagnostics.filter(({ severity }) => severity === "error");
  } catch {
    throw new Error(`biome gave no JSON:\n${stdout}\n${stderr}`);
  }
}

const pathOf = ({ location }) => location?.path?.file ?? location?.path ?? "";

const directory = mkdtempSync(join(tmpdir(), "rooms-"));
try {
  for (const name of ["src", "biome.json", ".gitignore", "package.json"]) {
    cpSync(name, join(directory, name), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(directory, "node_modules"));
  const before = lint(directory);
  if (before.length > 0) throw new Error(`${before.length} violations before planting any: ${pathOf(before[0])}`);
  for (const { path, text } of plants) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const found = new Set(lint(directory).map((diagnostic) => `${pathOf(diagnostic)} ${diagnostic.category}`));
  const missed = plants.filter(({ path, rule }) => !found.has(`${path} ${rule}`));
  for (const { path, text, rule } of missed) console.error(`${path}: ${rule} does not report ${JSON.stringify(text)}`);
  if (missed.length > 0) process.exitCode = 1;
  else console.log(`check-rooms: all ${plants.length} planted violations are reported`);
} finally {
  rmSync(directory, { recursive: true });
}
