// Bundles the command and the library. The command: a small entry and a file per command, each the whole program with
// that command's code, so that one file is read and its compiled code kept (src/cli/entry/code-cache.ts). The library: a file
// for each subpath and what they share, because to load 200 modules takes 60 ms more than to load a few.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { build } from "esbuild";

const target = "node20.19";
/** Stands for the code of all commands, which `batch` needs. */
const EVERYTHING = "all commands";
/** The entry has help printed by the file without a command's code, and `batch` prints it too. */
const HELP = resolve("src/cli/help");
/** Only a failure needs this room: it is a file of its own, which the first call of one of its functions loads. */
const EXPLAIN = resolve("src/explain");
/** By index.ts: which file each exported name comes from. */
const rooms = new Map();

await bundleLibrary();
const table = await loadTable();
await bundleCommand("dist/bin", table.COMMANDS);
writeManual("dist/man", table);

/** The declarations beside the files are the compiler's, one for each source file. */
async function bundleLibrary() {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  const outputs = Object.values(exports).flatMap(({ default: file }) => file ?? []);
  rmSync("dist/shared", { recursive: true, force: true });
  await build({
    entryPoints: outputs.map((file) => file.replace(/^\.\/dist/, "src").replace(/js$/, "ts")),
    outdir: "dist",
    bundle: true,
    splitting: true,
    chunkNames: "shared/[name]-[hash]",
    format: "esm",
    platform: "node",
    target,
    external: ["koffi"],
    legalComments: "none",
  });
}

async function bundleCommand(outdir, objects) {
  // The files' names hold their hashes: those of an earlier build would stay, and so would their compiled code.
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const written = new Map();
  const write = async (source, name) => {
    const file = `${name}-${await bundleProgram(outdir, source, name, diagnosis)}.js`;
    written.set(source, file);
    return file;
  };
  const diagnosis = await writeDiagnosis(outdir);
  const other = await write(undefined, "other");
  const all = await write(EVERYTHING, "all");
  const places = [];
  for (const object of sourcesOf(objects)) {
    const commands = [];
    // An object without commands may have its own code.
    if (object.source !== undefined) await write(object.source, object.name);
    for (const { name, changes, source } of object.commands ?? []) {
      if (source !== undefined && !written.has(source))
        await write(source, `${basename(dirname(source))}-${basename(source, ".ts")}`);
      commands.push({ name, changes, file: written.get(source) });
    }
    places.push({
      name: object.name,
      ...(object.commands === undefined ? {} : { commands }),
      ...(object.runsLines && { file: all }),
      ...(object.source !== undefined && { file: written.get(object.source) }),
    });
  }
  const entry = await bundle("src/cli/entry/entry.ts", [], {
    BPFTS_PLACES: JSON.stringify(places),
    BPFTS_OTHER: JSON.stringify(other),
    // The folder of the file; CommonJS loads sooner than a module.
    "import.meta.dirname": "__dirname",
  });
  writeFileSync(join(outdir, "bpfts.js"), entry);
  writeFileSync(join(outdir, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
  chmodSync(join(outdir, "bpfts.js"), 0o755);
}

/** The table of commands, and what makes manual pages of it. */
async function loadTable() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { COMMANDS } from "./src/cli/entry/command-table.ts";
        export { VERSION, VERSION_DATE } from "./src/cli/entry/version.ts";
        export { manualPages } from "./src/cli/help/manual.ts";
        export { formatRoff } from "./src/cli/help/roff.ts";`,
      resolveDir: ".",
    },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
    plugins: [codeElsewhere((source) => ({ path: source, external: true }))],
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}

/** The objects and their commands, each with the file of its code. */
function sourcesOf(objects) {
  const sourceOf = (run) => (run === undefined ? undefined : /import\("(.+?)"\)/.exec(run.toString())?.[1]);
  return objects.map(({ name, commands, run, runLines }) => ({
    name,
    source: sourceOf(run),
    runsLines: runLines !== undefined,
    commands: commands?.map((command) => ({
      name: command.name,
      changes: command.changes,
      source: sourceOf(command.run ?? commands.find((entry) => entry.name === command.as)?.run),
    })),
  }));
}

function writeManual(outdir, { COMMANDS, VERSION, VERSION_DATE, manualPages, formatRoff }) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const page of manualPages(COMMANDS)) {
    writeFileSync(join(outdir, `${page.name}.1`), formatRoff(page, VERSION, VERSION_DATE));
  }
}

/** Writes the room explain as a CommonJS module and returns the file's name. */
async function writeDiagnosis(outdir) {
  const text = await bundle(join(EXPLAIN, "index.ts"), []);
  const file = `diagnosis-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.js`;
  writeFileSync(join(outdir, file), text);
  return file;
}

/** The program with the code of one command, of none, or of all; what its name must end in. */
async function bundleProgram(outdir, source, name, diagnosis) {
  const text = await bundle("src/cli/entry/main.ts", [
    codeElsewhere((other) => {
      const isHere = source === EVERYTHING || other === source || (source === undefined && dirname(other) === HELP);
      return isHere ? undefined : { path: other, namespace: "elsewhere" };
    }),
    ...(isIn("src/cli/explain", source) ? [] : [loadedOnFailure(diagnosis)]),
  ]);
  // What src/cli/entry/code-cache.ts runs: a function.
  const program = `(function(require,__filename){${text.replace(/^#!.*\n/, "").trimEnd()}\n})`;
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 8);
  writeFileSync(join(outdir, `${name}-${hash}.js`), program);
  return hash;
}

async function bundle(entryPoint, plugins, define) {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    // Not modules: what is imported from Node is loaded where it is first needed.
    format: "cjs",
    platform: "node",
    target,
    external: ["koffi"],
    legalComments: "none",
    minify: true,
    charset: "ascii",
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__filename", ...define },
    write: false,
    plugins: [
      ...plugins,
      { name: "past-the-index", setup: (own) => own.onLoad({ filter: /\/src\/.*\.ts$/ }, loadPastIndex) },
    ],
  });
  return outputFiles[0].text;
}

/** Asks what becomes of each import of a command's code, which only the table of commands does, and of help. */
function codeElsewhere(decide) {
  return {
    name: "code-elsewhere",
    setup(own) {
      own.onResolve({ filter: /^\./ }, ({ path, kind, importer }) => {
        if (kind !== "dynamic-import") return undefined;
        const file = resolve(dirname(importer), path);
        return basename(importer) === "commands.ts" || dirname(file) === HELP ? decide(file) : undefined;
      });
      own.onLoad({ filter: /.*/, namespace: "elsewhere" }, () => ({ contents: "export {};" }));
    },
  };
}

/** Has every call of a function of the room explain, from outside it, load the file with that room. */
function loadedOnFailure(file) {
  return {
    name: "loaded-on-failure",
    setup(own) {
      own.onResolve({ filter: /^\./ }, ({ path, importer }) => {
        const target = resolve(dirname(importer), path);
        return isIn(EXPLAIN, target) && !isIn(EXPLAIN, importer)
          ? { path: target, namespace: "on-failure" }
          : undefined;
      });
      own.onResolve({ filter: /./, namespace: "on-failure" }, ({ path }) => ({ path, external: true }));
      own.onLoad({ filter: /.*/, namespace: "on-failure" }, ({ path }) => {
        const functions = readFileSync(path, "utf8").matchAll(/^export function (\w+)/gm);
        const calls = [...functions].map(
          ([, name]) => `export function ${name}(...args) { return require("./${file}").${name}(...args); }`,
        );
        return { contents: calls.join("\n") };
      });
    },
  };
}

function isIn(folder, file) {
  return file?.startsWith(resolve(folder) + sep) === true;
}

/**
 * Has each file import from the files that a room's index.ts names, not from the index: esbuild keeps whatever any
 * command uses of an index for all commands that use any of it, so that `prog show` would load the loader.
 */
function loadPastIndex({ path }) {
  const contents = readFileSync(path, "utf8").replace(
    /^import \{([^}]*)\} from "([^"]*\/index\.ts)";$/gm,
    (statement, names, index) => {
      const file = resolve(dirname(path), index);
      const origins = originsOf(file);
      const lines = names
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "" && !name.startsWith("type "))
        .map((name) => {
          const origin = origins.get(name.split(" as ")[0]);
          if (origin === undefined) return statement;
          const from = relative(dirname(path), origin);
          return `import { ${name} } from "${from.startsWith(".") ? from : `./${from}`}";`;
        });
      return [...new Set(lines)].join(" ");
    },
  );
  return { contents, loader: "ts" };
}

/** Which file of a room each exported name comes from. */
function originsOf(index) {
  let origins = rooms.get(index);
  if (origins === undefined) {
    origins = new Map();
    for (const [, names, from] of readFileSync(index, "utf8").matchAll(/^export \{([^}]*)\} from "([^"]+)";$/gm)) {
      for (const name of names.split(",").map((text) => text.trim())) {
        if (name !== "" && !name.includes(" ")) origins.set(name, resolve(dirname(index), from));
      }
    }
    rooms.set(index, origins);
  }
  return origins;
}
