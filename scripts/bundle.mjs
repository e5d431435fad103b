// Bundles the command: a small entry and one chunk per command, loaded on demand, so that start-up stays short.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, transform } from "esbuild";

const outdir = "dist/bin";
const target = "node20.19";
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
