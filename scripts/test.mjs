// Runs the compiled tests below .build/test: all, or those whose path contains one of the given words.
// Without root only those that need no kernel run, which is said; under CI that is a failure.
//
//   node [FLAGS] scripts/test.mjs [OPTIONS] [WORD…]
//
//   --results FILE   leave a line of JSON per test there
//   --also FILE      run one more, whatever its name; again for more
//   --part K/N       only every Nth file, from the Kth on
//   --jobs N         processes that run tests at a time (2); they have this one's flags
//   --limit SECONDS  for a file (600)
//   --node WORDS     what starts them, if not this Node
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { runTests } from "./test-pool.mjs";

const rooms = JSON.parse(readFileSync("scripts/rooms.json", "utf8"));
const meetTheKernel = [...rooms.filter(({ pure }) => !pure).map(({ name }) => name), "parity", "docs"];
const needsRoot = new RegExp(`^\\.build/test/(${meetTheKernel.join("|")})/`);
const isRoot = process.getuid?.() === 0;
const words = process.argv.slice(2);
const results = optionValue("--results");
const also = [];
for (let file = optionValue("--also"); file !== undefined; file = optionValue("--also")) also.push(file);
const [part, parts] = (optionValue("--part") ?? "1/1").split("/").map(Number);
const jobs = Number(optionValue("--jobs") ?? 2);
const limit = Number(optionValue("--limit") ?? 600);
const node = optionValue("--node")?.split(" ") ?? [process.execPath, ...process.execArgv];
const files = readdirSync(".build/test", { recursive: true })
  .map((name) => `.build/test/${name}`)
  .filter((name) => name.endsWith(".test.js") && (words.length === 0 || words.some((word) => name.includes(word))))
  .filter((name) => isRoot || !needsRoot.test(name))
  .sort()
  .filter((_, place) => place % parts === part - 1);
files.push(...also);
if (files.length === 0) {
  console.error(`no test file matches ${words.join(", ")}`);
  process.exit(1);
}
if (!isRoot) {
  console.error("Not root: the tests that load programs into the kernel are left out (sudo npm test runs them).");
  if (process.env.CI !== undefined) process.exit(1);
}
if (results !== undefined) writeFileSync(results, "");

const begun = performance.now();
const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const stop = new Promise((resolve) => process.once("SIGTERM", resolve));
await runTests(files, { jobs, node, limit, take, stop });
for (const failure of failures) console.log(`\n${failure}`);
console.log(`\n${files.length} files in ${seconds(performance.now() - begun)} s`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
// A part of the files may be all skipped.
process.exitCode = counts.failed > 0 || (counts.passed === 0 && parts === 1) ? 1 : 0;

/** Takes what came of a file's tests. */
function take(file, said, milliseconds) {
  const tests = said.filter(({ status }) => status !== undefined);
  const own = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of tests) {
    own[status] += 1;
    counts[status] += 1;
  }
  console.log(`${own.failed > 0 ? "✖" : "✔"} ${file}: ${inWords(own)} in ${seconds(milliseconds)} s`);
  for (const { status, name, reason } of tests) if (status === "skipped") console.log(`  ﹣ ${name}: ${reason}`);
  for (const { said: text } of said) if (text !== undefined) console.log(`  ${text}`);
  for (const { status, name, problem = "" } of tests) {
    if (status !== "failed") continue;
    const failure = `✖ ${file}: ${name}\n${problem.replace(/^/gm, "    ")}`;
    failures.push(failure);
    console.log(failure.replace(/^/gm, "  "));
  }
  if (results === undefined) return;
  for (const { problem, ...test } of tests) appendFileSync(results, `${JSON.stringify(test)}\n`);
}

function inWords(numbers) {
  const parts = Object.entries(numbers).filter(([, number]) => number > 0);
  return parts.map(([status, number]) => `${number} ${status}`).join(", ") || "no test";
}

function seconds(milliseconds) {
  return (milliseconds / 1000).toFixed(1);
}

function optionValue(option) {
  const place = words.indexOf(option);
  return place < 0 ? undefined : words.splice(place, 2)[1];
}
