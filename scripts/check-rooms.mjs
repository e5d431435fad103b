// Checks the rules about imports: a room imports only from rooms before it, and only from their index.ts; pure rooms import
// no modules of Node; only one file imports the FFI library; imports make no circles.
//
//   node scripts/check-rooms.mjs            checks the sources with scripts/room-rules.mjs. Then checks that every kind of
//                                           violation is reported by these rules, and if possible by the linter too
//   node scripts/check-rooms.mjs --write    writes the linter's rules (biome.rooms.json) from scripts/rooms.json
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { brokenRules, readRooms } from "./room-rules.mjs";

const LINTER_RULES = "biome.rooms.json";
const COPIED = ["src", "test", "scripts", "biome.json", LINTER_RULES, ".gitignore", "package.json"];

const rooms = readRooms();
if (process.argv[2] === "--write") writeFileSync(LINTER_RULES, linterRules(rooms));
else check();

function check() {
  const broken = brokenRules(rooms);
  if (readFileSync(LINTER_RULES, "utf8") !== linterRules(rooms)) {
    broken.push(`${LINTER_RULES} does not match scripts/rooms.json: run node scripts/check-rooms.mjs --write`);
  }
  const missed = broken.length > 0 ? [] : missedPlants();
  for (const sentence of [...broken, ...missed]) console.error(sentence);
  if (broken.length + missed.length > 0) process.exit(1);
  console.log(
    `check-rooms: ${rooms.length} rooms keep the rules, and each of ${plants().length} violations is reported`,
  );
}

/** Returns the linter's rules: from which rooms each room may import, and that pure rooms import no modules of Node. */
function linterRules(all) {
  const overrides = all.map(({ name, pure }, place) => {
    const below = all.slice(place + 1).map((room) => room.name);
    const patterns = [
      {
        group: [...below.map((room) => `**/${room}/**`), "../index.ts", "../../index.ts"],
        message:
          below.length > 0
            ? `A room imports only from rooms before it: ${name} may not import from ${below.join(", ")}.`
            : `${name} is the last room: its files may not import from src/index.ts.`,
      },
    ];
    if (pure) {
      const message = `${name} is a pure room: it may not import Node's modules.`;
      patterns.push({ group: ["node:*", "koffi", "koffi/**"], message });
    } else {
      patterns.push({ group: ["koffi", "koffi/**"], message: "Only src/sys/ffi.ts may import the FFI library." });
    }
    return override([`src/${name}/**/*.ts`, ...(name === "sys" ? ["!src/sys/ffi.ts"] : [])], patterns);
  });
  return `${JSON.stringify({ root: false, overrides }, null, 2)}\n`;
}

function override(includes, patterns) {
  const rule = { level: "error", options: { patterns } };
  return { includes, linter: { rules: { style: { noRestrictedImports: rule } } } };
}

/**
 * Returns files that each violate one rule. `rule` is a part of the sentence that must report the file. `linter` is the
 * linter's rule that must report it too.
 */
function plants() {
  const all = [];
  const plant = (path, text, rule, linter) => all.push({ path, text, rule, linter });
  const restricted = "lint/style/noRestrictedImports";
  for (const [place, { name, pure }] of rooms.entries()) {
    for (const below of rooms.slice(place + 1)) {
      const rule = `${below.name} comes after ${name}`;
      plant(`src/${name}/planted-${below.name}.ts`, `export * from "../${below.name}/index.ts";\n`, rule, restricted);
      plant(`src/${name}/planted/${below.name}.ts`, `import "../../${below.name}/index.ts";\n`, rule, restricted);
    }
    for (const above of rooms.slice(0, place)) {
      const text = `import type { Planted } from "../${above.name}/planted.ts";\n`;
      plant(`src/${name}/planted-deep-${above.name}.ts`, text, `past src/${above.name}/index.ts`);
    }
    plant(`src/${name}/planted-koffi.ts`, `import "koffi";\n`, "imports koffi", restricted);
    const later = `export const later: Promise<unknown> = import("koffi");\n`;
    plant(`src/${name}/planted-koffi-later.ts`, later, "imports koffi", restricted);
    const required = `export const required: unknown = require("koffi");\n`;
    plant(`src/${name}/planted-koffi-required.ts`, required, "imports koffi");
    if (!pure) continue;
    plant(`src/${name}/planted-node.ts`, `import "node:fs";\n`, "its room is pure", restricted);
    const multiline = `import {\n  readFileSync,\n} from "node:fs";\n`;
    plant(`src/${name}/planted-node-lines.ts`, multiline, "its room is pure", restricted);
    plant(
      `src/${name}/planted-node-type.ts`,
      `export type { Stats } from "node:fs";\n`,
      "its room is pure",
      restricted,
    );
  }
  plant("src/layout/planted-package.ts", `import "esbuild";\n`, "imports esbuild");
  plant("src/planted-room/index.ts", "export {};\n", "src/planted-room is not in scripts/rooms.json");
  plant("test/layout/planted-folder/planted.test.ts", "export {};\n", "test/layout/planted-folder has no src/layout");
  const circle = "a circle of files: src/layout/planted-a.ts, src/layout/planted-b.ts";
  plant("src/layout/planted-a.ts", `import "./planted-b.ts";\n`, circle, "lint/suspicious/noImportCycles");
  plant("src/layout/planted-b.ts", `import "./planted-a.ts";\n`, circle, "lint/suspicious/noImportCycles");
  const circleOfTypes = "a circle of files: src/layout/planted-c.ts, src/layout/planted-d.ts";
  plant("src/layout/planted-c.ts", `import "./planted-d.ts";\n`, circleOfTypes);
  plant("src/layout/planted-d.ts", `import type { C } from "./planted-c.ts";\n`, circleOfTypes);
  // The next two circles are circles of folders, but not of files, because the imports go through different files. The
  // first circle has three folders. The second one contains the room's own folder.
  const folders = "a circle of folders: src/btf/planted-x, src/btf/planted-y, src/btf/planted-z";
  plant("src/btf/planted-x/first.ts", `import "../planted-y/only.ts";\n`, folders);
  plant("src/btf/planted-y/only.ts", `import type { Z } from "../planted-z/first.ts";\n`, folders);
  plant("src/btf/planted-z/second.ts", `import "../planted-x/second.ts";\n`, folders);
  const own = "a circle of folders: src/asm, src/asm/planted";
  plant("src/asm/planted-user.ts", `import "./planted/used.ts";\n`, own);
  plant("src/asm/planted/user.ts", `import "../planted-used.ts";\n`, own);
  plant("src/cli/planted-enum.ts", "export enum Planted {\n  ONE,\n}\n", undefined, "lint/style/noEnum");
  return all;
}

/** Writes every violation into a copy of the sources. Returns a sentence for each violation that is not reported. */
function missedPlants() {
  const home = process.cwd();
  const directory = mkdtempSync(join(tmpdir(), "rooms-"));
  try {
    for (const name of COPIED) cpSync(name, join(directory, name), { recursive: true });
    symlinkSync(resolve("node_modules"), join(directory, "node_modules"));
    process.chdir(directory);
    const before = lint();
    if (before.size > 0)
      throw new Error(`the linter reports ${[...before].join(", ")} before any violation is planted`);
    const all = plants();
    for (const { path, text } of all) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return [...missedByRules(all), ...missedByLinter(all)];
  } finally {
    process.chdir(home);
    rmSync(directory, { recursive: true });
  }
}

function missedByRules(all) {
  const broken = brokenRules(rooms);
  const missed = all.filter(
    ({ path, rule }) => rule !== undefined && !broken.some((one) => one.includes(rule) && names(one, path, rule)),
  );
  const changed = rooms.map((room) => ({ ...room, published: room.name !== "layout" && room.published }));
  const ofExports = brokenRules(changed).filter((sentence) => sentence.startsWith("package.json's exports"));
  return [
    ...missed.map(({ path, text, rule }) => `${path}: no sentence with "${rule}" reports ${JSON.stringify(text)}`),
    ...(ofExports.length > 0
      ? []
      : ["no sentence reports an export of package.json that does not belong to a published room"]),
  ];
}

/**
 * Returns true if a sentence names the file that breaks a rule. Sentences about circles, rooms and folders list planted
 * names themselves.
 */
function names(sentence, path, rule) {
  return rule.includes("planted") || sentence.startsWith(`${path} `);
}

function missedByLinter(all) {
  const found = lint();
  const missed = all.filter(({ path, linter }) => linter !== undefined && !found.has(`${path} ${linter}`));
  return missed.map(({ path, text, linter }) => `${path}: ${linter} does not report ${JSON.stringify(text)}`);
}

/** Runs the linter. Returns each error as a text of the file's path and the linter's rule. */
function lint() {
  const { stdout, stderr } = spawnSync(
    resolve("node_modules/.bin/biome"),
    ["lint", "--reporter=json", "--max-diagnostics=none", "src"],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  let diagnostics;
  try {
    diagnostics = JSON.parse(stdout.slice(stdout.indexOf("{"))).diagnostics;
  } catch {
    throw new Error(`biome did not write JSON:\n${stdout}\n${stderr}`);
  }
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return new Set(errors.map(({ category, location }) => `${location?.path?.file ?? location?.path} ${category}`));
}
