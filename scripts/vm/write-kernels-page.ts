// Writes docs/kernels.md from the table of features, or says with --check whether it is what the table says.
import { readFileSync, writeFileSync } from "node:fs";
import { FEATURES } from "../../src/kernel/features/table.ts";
import { kernelsPage } from "./kernels-page.ts";

const path = "docs/kernels.md";
const page = kernelsPage(FEATURES);
if (process.argv[2] !== "--check") writeFileSync(path, page);
else if (readFileSync(path, "utf8") !== page) {
  console.error(`${path} is not what the table of features says: npm run docs:kernels`);
  process.exitCode = 1;
}
