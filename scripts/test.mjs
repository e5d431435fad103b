// Runs the compiled tests in .build/test: all, or those whose path contains one of the given words. Without root, only
// the tests that need no kernel run. This script then says so; with the environment variable CI it fails.
//
//   node [FLAGS] scripts/test.mjs [OPTIONS] [WORD…]
//
//   --results FILE   write one line of JSON for each test to FILE
//   --also FILE      also run this file, whatever its name; may be given several times
//   --part K/N       run only every Nth file, beginning with the Kth
//   --jobs N         run this many processes at the same time (2); they get the FLAGS of this process
//   --limit SECONDS  the longest time for one file (600)
//   --node WORDS     the command that starts the processes, instead of this Node
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
  console.error(
    "The tests that load programs into the kernel are left out, because they need root: run sudo npm test.",
  );
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
// With --part, it is no failure if all tests of this part were skipped.
process.exitCode = counts.failed > 0 || (counts.passed === 0 && parts === 1) ? 1 : 0;

/** Counts and prints the results of a file's tests. */
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
