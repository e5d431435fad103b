// Writes docs/kernels.md from the table of features. With --check, only checks that the page matches the table.
import { readFileSync, writeFileSync } from "node:fs";
import { FEATURES } from "../../src/kernel/features/table.ts";
import { kernelsPage } from "./kernels-page.ts";

const path = "docs/kernels.md";
const page = kernelsPage(FEATURES);
if (process.argv[2] !== "--check") writeFileSync(path, page);
else if (readFileSync(path, "utf8") !== page) {
  console.error(`${path} does not match the table of features; run: npm run docs:kernels`);
  process.exitCode = 1;
}
