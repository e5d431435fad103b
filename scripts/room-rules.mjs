// The rules of the house, checked on the sources of a checkout. scripts/check-rooms.mjs runs them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { circles, importedFile, importsOf, sourceFiles } from "./imports.mjs";

/** Only these files may load a package from outside. */
const PACKAGES = { "src/sys/ffi.ts": ["koffi"] };

/** The table of rooms: in the order in which they may import, those after from those before. */
export function readRooms() {
  return JSON.parse(readFileSync("scripts/rooms.json", "utf8"));
}

/** What breaks a rule, one sentence each, in the checkout where the process stands. */
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

/** A room's own folder is a folder like those in it. An index.ts says what is outside, so it stands for none. */
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

/** The tests of a room stand in folders of the room's own names. */
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
    : ["package.json's exports are not the published rooms of scripts/rooms.json, in their order"];
}
