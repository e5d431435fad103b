// Bundles the command and the library. The command: a small entry and one chunk per command, loaded on demand. The
// library: a file for each subpath and what they share, because to load 200 modules takes 60 ms more than to load a few.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build, transform } from "esbuild";

const outdir = "dist/bin";
const target = "node20.19";
await bundleLibrary();
/** By index.ts: which file each exported name comes from. */
const rooms = new Map();

// The chunks' names hold their hashes: those of an earlier build would stay.
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
const { outputFiles } = await build({
  entryPoints: { bpfts: "src/cli/main.ts" },
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  platform: "node",
  target,
  external: ["koffi"],
  legalComments: "none",
  write: false,
  plugins: [{ name: "past-the-index", setup: (own) => own.onLoad({ filter: /\/src\/.*\.ts$/ }, loadPastIndex) }],
});
// esbuild splits ES modules only, but Node loads CommonJS sooner: at once instead of by way of its thread pool.
for (const { path, text } of outputFiles) {
  const { code } = await transform(text, {
    format: "cjs",
    platform: "node",
    target,
    minify: true,
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__filename" },
  });
  writeFileSync(path, code);
}
writeFileSync(join(outdir, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
chmodSync(join(outdir, "bpfts.js"), 0o755);

/** The declarations beside the files are the compiler's, one for each source file. */
async function bundleLibrary() {
  const rooms = readdirSync("src", { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== "cli",
  );
  rmSync("dist/shared", { recursive: true, force: true });
  await build({
    entryPoints: ["src/index.ts", ...rooms.map(({ name }) => `src/${name}/index.ts`)],
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
