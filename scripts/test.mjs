// Runs the compiled tests below .build/test: all, or those whose path contains one of the given words.
// Without root only those that need no kernel run, which is said; under CI that is a failure.
// `--results FILE` leaves a line of JSON per test there; `--also FILE` runs one more, whatever its name.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const needsRoot = /^\.build\/test\/(sys|kernel|cli|parity|docs)\//;
const isRoot = process.getuid?.() === 0;
const words = process.argv.slice(2);
const reporters = [];
const results = optionValue("--results");
if (results !== undefined) {
  reporters.push("--test-reporter=spec", "--test-reporter-destination=stdout");
  reporters.push("--test-reporter=./scripts/results-reporter.mjs", `--test-reporter-destination=${results}`);
}
const also = optionValue("--also");
const files = readdirSync(".build/test", { recursive: true })
  .map((name) => `.build/test/${name}`)
  .filter((name) => name.endsWith(".test.js") && (words.length === 0 || words.some((word) => name.includes(word))))
  .filter((name) => isRoot || !needsRoot.test(name))
  .sort();
if (also !== undefined) files.push(also);
if (files.length === 0) {
  console.error(`no test file matches ${words.join(", ")}`);
  process.exit(1);
}
if (!isRoot) {
  console.error("Not root: the tests that load programs into the kernel are left out (sudo npm test runs them).");
  if (process.env.CI !== undefined) process.exit(1);
}
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=2", ...reporters, ...files], {
  stdio: "inherit",
});
process.exit(status ?? 1);

function optionValue(option) {
  const place = words.indexOf(option);
  return place < 0 ? undefined : words.splice(place, 2)[1];
}
