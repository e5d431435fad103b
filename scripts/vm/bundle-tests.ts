import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { GUEST_TREE, type TreeFile } from "./image.ts";

const BUILT = ".build";
const HERE = resolve(".");

function builtFiles(): string[] {
  return readdirSync(`${BUILT}/test`, { recursive: true }).map((name) => `${BUILT}/test/${name}`);
}

function isTest(name: string): boolean {
  return name.endsWith(".test.js");
}

/** The files of tests whose path contains one of the words, as scripts/test.mjs finds them. */
export function testFiles(words: readonly string[]): string[] {
  return builtFiles().filter((name) => isTest(name) && words.some((word) => name.includes(word)));
}

/**
 * The tests and the processes that they start, as few files that take the place of the built ones: an emulated Node
 * loads 200 modules for seconds, and does so many times in a run. Each keeps its path.
 */
export async function bundleTests(): Promise<TreeFile[]> {
  const names = builtFiles();
  const tests = names.filter(isTest);
  // What scripts that tests give to a Node import.
  const rooms = ["sys", "kernel"].map((room) => `${BUILT}/src/${room}/index.js`);
  const children = names.filter((name) => /(-child|\/planted-failure)\.js$/.test(name));
  return [
    // What several tests have in common is in files of its own: in one process a module is one.
    ...(await bundle(tests, /\/test\/.*\.js$/, { format: "esm", splitting: true, chunkNames: "shared/[name]-[hash]" })),
    // Children are started most often: each has what it needs in one file, and CommonJS is loaded soonest.
    ...(await bundle(children, /\.js$/, {
      format: "cjs",
      minify: true,
      alias: { bpfts: `${HERE}/${BUILT}/src/index.js` },
    })),
    ...(await bundle(rooms, /^$/, { format: "esm" })),
    ...children.map((child) => ({ path: join(child, "../package.json"), text: '{ "type": "commonjs" }' })),
    { path: `${BUILT}/src/cli/entry/main.js`, text: `import "${GUEST_TREE}/dist/bin/bpfts.js";\n` },
  ];
}

/** `moved` are the modules that look for the files beside them; CommonJS does not know where it is by itself. */
async function bundle(programs: readonly string[], moved: RegExp, options: BuildOptions): Promise<TreeFile[]> {
  const { outputFiles = [] } = await build({
    ...options,
    entryPoints: [...programs],
    outdir: BUILT,
    outbase: BUILT,
    bundle: true,
    platform: "node",
    target: "node20.19",
    external: ["bpfts", "esbuild", "fast-check", "koffi"].filter((name) => options.alias?.[name] === undefined),
    legalComments: "none",
    write: false,
    plugins: [
      {
        name: "places",
        setup: (own) => own.onLoad({ filter: moved }, ({ path }) => ({ contents: inPlace(path), loader: "js" })),
      },
    ],
  });
  return outputFiles.map(({ path, text }) => ({ path: path.slice(HERE.length + 1), text }));
}

/** A module's text that finds the files beside it from wherever it is moved to. */
function inPlace(path: string): string {
  const own = join(GUEST_TREE, path.slice(HERE.length));
  return readFileSync(path, "utf8")
    .replaceAll("import.meta.dirname", JSON.stringify(join(own, "..")))
    .replaceAll("import.meta.url", JSON.stringify(`file://${own}`));
}
