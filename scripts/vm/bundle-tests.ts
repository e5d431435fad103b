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

/** Returns the test files whose path contains one of the words. scripts/test.mjs selects them in the same way. */
export function testFiles(words: readonly string[]): string[] {
  return builtFiles().filter((name) => isTest(name) && words.some((word) => name.includes(word)));
}

/**
 * Bundles the tests, and the scripts that tests start, into few files with the paths of the built files. Otherwise an
 * emulated Node would often spend seconds on loading 200 modules.
 */
export async function bundleTests(): Promise<TreeFile[]> {
  const names = builtFiles();
  const tests = names.filter(isTest);
  // Scripts that tests pass to `node` on the command line import these files.
  const rooms = ["sys", "kernel"].map((room) => `${BUILT}/src/${room}/index.js`);
  const children = names.filter((name) => /(-child|\/planted-failure)\.js$/.test(name));
  return [
    // Code that several tests share is in separate files, so that a process has only one copy of each module.
    ...(await bundle(tests, /\/test\/.*\.js$/, { format: "esm", splitting: true, chunkNames: "shared/[name]-[hash]" })),
    // Child processes are started most often. Each is one CommonJS file, because Node loads this fastest.
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

/**
 * Bundles programs. `moved` matches the modules that open files relative to their own path. Their text must contain
 * this path, because the bundle has another path.
 */
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

/** Returns the text of a module, in which `import.meta` is replaced by the module's path in the guest. */
function inPlace(path: string): string {
  const own = join(GUEST_TREE, path.slice(HERE.length));
  return readFileSync(path, "utf8")
    .replaceAll("import.meta.dirname", JSON.stringify(join(own, "..")))
    .replaceAll("import.meta.url", JSON.stringify(`file://${own}`));
}
