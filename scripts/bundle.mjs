// Bundles the command and the library. The command becomes a small entry file and one file for each command. Such a
// file contains the whole program with the code of that command, so each start reads only one file, whose compiled code
// is cached (src/cli/entry/code-cache.ts). The library becomes one file for each subpath, and files with the code that
// several subpaths share: loading 200 modules takes 60 ms longer than loading a few.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { build } from "esbuild";

const target = "node20.19";
/** Used in place of a command's file for the bundle with the code of all commands, which `batch` needs. */
const EVERYTHING = "all commands";
/**
 * The room of the help texts. Only two bundles contain it: the one without a command's code, which prints help, and the
 * one for `batch`.
 */
const HELP = resolve("src/cli/help");
/**
 * The room that explains refusals. Only a failed command needs it, so it has a bundle of its own. The first call of one
 * of its functions loads this bundle. But each command's bundle contains the code that reads logs: the message about a
 * refused program needs it, even if the process cannot open any more files.
 */
const EXPLAIN = resolve("src/explain");
const LOG_READER = join(EXPLAIN, "read-verifier-log.ts");
/** For each index.ts, the files from which it re-exports its names. A cache of originsOf(). */
const rooms = new Map();

await bundleLibrary();
const table = await loadTable();
await bundleCommand("dist/bin", table.COMMANDS);
writeManual("dist/man", table);

/**
 * Bundles the library into dist. The `.d.ts` files next to the bundles come from the TypeScript compiler, one for each
 * source file.
 */
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
  // Files of an earlier build have other hashes in their names. Without this removal, they and their compiled code
  // would stay.
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
    // The entry is CommonJS, which Node loads faster than an ES module. `__dirname` is the CommonJS name for this
    // value.
    "import.meta.dirname": "__dirname",
  });
  writeFileSync(join(outdir, "bpfts.js"), entry);
  writeFileSync(join(outdir, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
  chmodSync(join(outdir, "bpfts.js"), 0o755);
}

/** Loads the table of commands, and the functions that make manual pages from it. */
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

/** Returns the objects and their commands. Each has the path of its source file. */
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

/**
 * Writes the program with the code of one command, of no command, or of all commands. Returns the hash at the end of
 * the file's name.
 */
async function bundleProgram(outdir, source, name, diagnosis) {
  const text = await bundle("src/cli/entry/main.ts", [
    codeElsewhere((other) => {
      const isHere = source === EVERYTHING || other === source || (source === undefined && dirname(other) === HELP);
      return isHere ? undefined : { path: other, namespace: "elsewhere" };
    }),
    ...(isIn("src/cli/explain", source) ? [] : [loadedOnFailure(diagnosis)]),
  ]);
  // src/cli/entry/code-cache.ts expects a file that is one function expression.
  const program = `(function(require,__filename){${text.replace(/^#!.*\n/, "").trimEnd()}\n})`;
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 8);
  writeFileSync(join(outdir, `${name}-${hash}.js`), program);
  return hash;
}

async function bundle(entryPoint, plugins, define) {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    // In CommonJS, unlike in an ES module, Node's own modules are loaded only when they are first needed.
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

/**
 * Calls `decide` for each dynamic import of a command's code or of the help texts. `decide` returns what esbuild shall
 * do with the import. Only the table of commands imports the code of commands.
 */
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

/**
 * Replaces each import of the room explain from another room by functions that load the bundle of that room when they
 * are called.
 */
function loadedOnFailure(file) {
  return {
    name: "loaded-on-failure",
    setup(own) {
      own.onResolve({ filter: /^\./ }, ({ path, importer }) => {
        const target = resolve(dirname(importer), path);
        const isLater = isIn(EXPLAIN, target) && !isIn(EXPLAIN, importer) && target !== LOG_READER;
        return isLater ? { path: target, namespace: "on-failure" } : undefined;
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
 * Rewrites imports from a room's index.ts: each name is imported from the file that defines it. Otherwise esbuild would
 * keep, for every command that uses an index, all the code that any command uses from this index. For example, `prog
 * show` would contain the code that loads objects.
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

/** Returns for each name that an index.ts exports the file that defines it. */
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
