// Bundles the command: a small entry and one chunk per command, loaded on demand, so that start-up stays short.
import { chmodSync } from "node:fs";
import { build } from "esbuild";

await build({
  entryPoints: { bpfts: "src/cli/main.ts" },
  outdir: "dist/bin",
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node20.19",
  external: ["koffi"],
  minify: true,
  legalComments: "none",
});
chmodSync("dist/bin/bpfts.js", 0o755);
