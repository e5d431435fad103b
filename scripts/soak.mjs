// Runs tests that find faults only after many rounds, against the built package.
//
//   npm run soak -- [NAME…] [--minutes N] [--rounds N] [--node PATH]
//
//   workers  Worker threads that wait on rings end in all possible ways: they are terminated at random moments, throw
//            an error, call process.exit() in a callback, or run to their end. The process must survive.
//   kills    Kills `bpfts prog loadall … pinmaps … autoattach` with SIGKILL at random moments. The directory must then
//            have all of its pins or none.
//   churn    Two processes load, attach, pin and close objects all the time. Meanwhile the listings of the library and
//            of the command must work.
//   leaks    Opens and closes objects, maps, mappings, readers, streams and links again and again in one process.
//
// Without names, all of these tests run. `workers` runs 200 rounds of ten threads; each other test runs for a minute.
// --rounds and --minutes change this. --node selects another Node. Each test prints its figures. The exit code is 1 if
// a test found a fault: an error, or an fd, a mapping, memory or a kernel object that was left behind.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { checked } from "./soak/checked.mjs";
import { churn } from "./soak/churn.mjs";
import { kills } from "./soak/kills.mjs";
import { leaks } from "./soak/leaks.mjs";
import { workers } from "./soak/workers.mjs";

const RUNS = { workers, kills, churn, leaks };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string" },
    rounds: { type: "string" },
    node: { type: "string", default: process.execPath },
    // Internal: the test that this process runs, as JSON.
    own: { type: "string" },
  },
});

if (values.own !== undefined) {
  const { name, minutes, rounds } = JSON.parse(values.own);
  const { figures, faults } = await checked(RUNS[name], { minutes, rounds });
  console.log(`${name}: ${figures.join("; ")}`);
  for (const fault of faults) console.log(`${name}: FAULT: ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} else {
  const names = positionals.length > 0 ? positionals : Object.keys(RUNS);
  const minutes = positive(values.minutes, "--minutes");
  const rounds = positive(values.rounds, "--rounds");
  for (const name of names) {
    if (!Object.hasOwn(RUNS, name))
      throw new Error(`there is no test ${name}; the tests are ${Object.keys(RUNS).join(", ")}`);
  }
  for (const name of names) {
    // Each test runs in a process of its own, because a fault may end the process.
    const words = ["--expose-gc", import.meta.filename, "--own", JSON.stringify({ name, minutes, rounds })];
    const { status, signal, error } = spawnSync(values.node, words, { stdio: "inherit" });
    if (error !== undefined) throw error;
    if (signal !== null) console.log(`${name}: FAULT: the process ended with ${signal}`);
    if (status !== 0) process.exitCode = 1;
  }
}

function positive(word, option) {
  if (word === undefined) return;
  const number = Number(word);
  if (!(number > 0)) throw new Error(`${option} needs a number above 0, not ${word}`);
  return number;
}
