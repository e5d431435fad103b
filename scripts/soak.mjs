// Runs what shows itself only after many times, against the built package.
//
//   npm run soak -- [NAME…] [--minutes N] [--rounds N] [--node PATH]
//
//   workers  Worker threads that wait on a ring end in every way: terminated at random moments, by an uncaught error, by
//            process.exit() in a callback, by running to their end. The process lives on.
//   kills    `bpfts prog loadall … pinmaps … autoattach` is killed with SIGKILL at random moments. The directory has all
//            of its pins or none.
//   churn    Two processes load, attach, pin and close without end. The listings of the library and of the command work.
//   leaks    Objects, maps, mappings, readers, streams and links come and go in one process.
//
// Runs all of them unless names are given. Workers take 200 rounds of ten, the others a minute each; --rounds and
// --minutes change that. --node runs another Node. Each prints its figures. The exit code is 1 if one found a fault: an
// error, or an fd, a mapping, memory or an object in the kernel that was left behind.
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
    // The run that this process does, as JSON.
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
      throw new Error(`no run is called ${name}: there are ${Object.keys(RUNS).join(", ")}`);
  }
  for (const name of names) {
    // A process for each: a fault may end it.
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
  if (!(number > 0)) throw new Error(`${option} takes a number above 0, not ${word}`);
  return number;
}
