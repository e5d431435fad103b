// Checks the rules about imports and folders on the sources in the current directory. scripts/check-rooms.mjs calls it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { circles, importedFile, importsOf, sourceFiles } from "./imports.mjs";

/** The only files that may import packages, each with its packages. */
const PACKAGES = { "src/sys/ffi.ts": ["koffi"] };

/** Returns the table of rooms. A room may import only from rooms before it in this table. */
export function readRooms() {
  return JSON.parse(readFileSync("scripts/rooms.json", "utf8"));
}

/** Returns one sentence for each violation of a rule in the current directory. */
export function brokenRules(rooms) {
  const edges = new Map(sourceFiles("src").map((file) => [file, importsOf(file)]));
  return [
    ...foldersWithoutRoom(rooms),
    ...Array.from(edges, ([file, specifiers]) => specifiers.flatMap((name) => brokenBy(rooms, file, name))).flat(),
    ...fileCircles(edges),
    ...folderCircles(edges),
    ...testFolders(rooms),
    ...exportsOfPackage(rooms),
  ];
}

function roomOf(file) {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

function foldersWithoutRoom(rooms) {
  const names = rooms.map(({ name }) => name);
  const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [
    ...folders
      .filter(({ name }) => !names.includes(name))
      .map(({ name }) => `src/${name} is not in scripts/rooms.json`),
    ...names.filter((name) => !existsSync(`src/${name}`)).map((name) => `scripts/rooms.json: there is no src/${name}`),
  ];
}

function brokenBy(rooms, file, specifier) {
  const own = roomOf(file);
  const target = importedFile(file, specifier);
  if (target === undefined) return brokenByPackage(rooms, file, specifier);
  const other = roomOf(target);
  if (other === own) return [];
  if (own === undefined && other !== undefined && target === `src/${other}/index.ts`) return [];
  const place = (name) => rooms.findIndex((room) => room.name === name);
  if (other === undefined || place(other) < 0) return [`${file} imports ${target}, which is in no room`];
  const broken = [];
  if (place(other) > place(own)) broken.push(`${file} imports ${target}: ${other} comes after ${own}`);
  if (target !== `src/${other}/index.ts`) broken.push(`${file} imports ${target} past src/${other}/index.ts`);
  return broken;
}

function brokenByPackage(rooms, file, specifier) {
  const isPure = rooms.find(({ name }) => name === roomOf(file))?.pure ?? false;
  if (specifier.startsWith("node:") && !isPure) return [];
  if (PACKAGES[file]?.includes(specifier)) return [];
  return [`${file} imports ${specifier}${isPure ? ": its room is pure" : ""}`];
}

function fileCircles(edges) {
  const graph = new Map(
    Array.from(edges, ([file, specifiers]) => [file, specifiers.flatMap((name) => importedFile(file, name) ?? [])]),
  );
  return circles(graph).map((files) => `a circle of files: ${files.join(", ")}`);
}

/**
 * Returns the circles of folders within rooms. A room's own folder counts like the folders in it. Imports of an
 * index.ts do not count: it only names what the room offers to other rooms.
 */
function folderCircles(edges) {
  const graph = new Map();
  for (const [file, specifiers] of edges) {
    if (file.endsWith("/index.ts")) continue;
    for (const target of specifiers.flatMap((name) => importedFile(file, name) ?? [])) {
      if (roomOf(file) !== roomOf(target) || dirname(file) === dirname(target)) continue;
      const next = graph.get(dirname(file)) ?? graph.set(dirname(file), new Set()).get(dirname(file));
      next.add(dirname(target));
    }
  }
  return circles(graph).map((folders) => {
    const examples = folders.flatMap((from) => folders.flatMap((to) => exampleImport(edges, from, to) ?? []));
    return [`a circle of folders: ${folders.join(", ")}`, ...examples].join("\n");
  });
}

function exampleImport(edges, from, to) {
  if (from === to) return undefined;
  for (const [file, specifiers] of edges) {
    if (dirname(file) !== from || file.endsWith("/index.ts")) continue;
    const target = specifiers.map((name) => importedFile(file, name)).find((path) => path && dirname(path) === to);
    if (target !== undefined) return `  ${file} imports ${target}`;
  }
  return undefined;
}

/** Returns the folders of a room's tests that do not exist in src under the same name. */
function testFolders(rooms) {
  const folders = new Set(
    rooms.flatMap(({ name }) => (existsSync(`test/${name}`) ? testFiles(name) : [])).map(dirname),
  );
  return [...folders]
    .map((folder) => folder.replace(/^test\//, ""))
    .filter((folder) => !existsSync(`src/${folder}`))
    .map((folder) => `test/${folder} has no src/${folder}`);
}

function testFiles(room) {
  return sourceFiles(`test/${room}`).filter((file) => file.endsWith(".test.ts"));
}

function exportsOfPackage(rooms) {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  const paths = [".", ...rooms.filter(({ published }) => published).map(({ name }) => `./${name}`)];
  const expected = paths.map((path) => {
    const file = path === "." ? "./dist/index" : `./dist/${path.slice(2)}/index`;
    return [path, { types: `${file}.d.ts`, default: `${file}.js` }];
  });
  expected.push(["./package.json", "./package.json"]);
  return JSON.stringify(Object.entries(exports)) === JSON.stringify(expected)
    ? []
    : ["package.json's exports must be the published rooms of scripts/rooms.json, in the same order"];
}
