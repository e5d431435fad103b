// Lists programs, maps and links while other processes continuously load, attach, pin and close objects.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { describeLinks, describeMaps, describePrograms, links, maps, programs } from "../../dist/index.js";
import { withBpffs } from "./bpffs.mjs";

const COMMAND = new URL("../../dist/bin/bpfts.js", import.meta.url).pathname;
const CHURNER = new URL("churner.mjs", import.meta.url);
const PROCESSES = 2;
/** The listings of the library run this many times for each run of the command's listings. */
const LIBRARY_ROUNDS = 5;

export const churn = { usualMinutes: 1, run: (task) => withBpffs((bpffs) => churnRuns(bpffs, task)) };

async function churnRuns(bpffs, { more, made }) {
  const faults = [];
  const churners = Array.from({ length: PROCESSES }, (_, i) => startChurner(`${bpffs}/${i}`));
  const all = await Promise.all(churners.map(({ running }) => running));
  let listings = 0;
  let commands = 0;
  let listed = 0;
  if (all.every(Boolean)) {
    do {
      for (let i = 0; i < LIBRARY_ROUNDS; i++) {
        for (const [name, list] of Object.entries(LISTINGS)) {
          try {
            for (const _ of list()) listed++;
          } catch (error) {
            faults.push(`${name}: ${error.stack}`);
          }
          listings++;
          // Let the event loop handle messages of the other processes, and the end of a process.
          await pause(0);
        }
      }
      for (const object of ["prog", "map", "link"]) {
        faults.push(...problemsOf(["-j", "-f", object, "show"]));
        commands++;
      }
    } while (more() && faults.length < 20);
  }
  let cycles = 0;
  for (const churner of churners) {
    const report = await churner.stop();
    if (report === undefined) faults.push("a process that loads and attaches died");
    else {
      cycles += report.cycles;
      made.addIds(report);
      faults.push(...report.faults);
    }
  }
  const figures = [
    `${cycles} objects loaded, attached, pinned and closed by ${PROCESSES} processes`,
    `${listings} listings by the library, ${commands} by the command, ${listed} objects listed`,
  ];
  return { figures, faults };
}

const LISTINGS = {
  "programs()": programs,
  "maps()": maps,
  "links()": links,
  "describePrograms()": () => describePrograms({ pins: true, holders: true }),
  "describeMaps()": () => describeMaps({ pins: true, holders: true }),
  "describeLinks()": () => describeLinks({ pins: true, holders: true }),
};

/** Runs the command. Returns sentences that say what is wrong with its exit code or output; none if it is right. */
function problemsOf(words) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...words], { encoding: "utf8" });
  const what = `bpfts ${words.join(" ")}`;
  if (status !== 0) return [`${what}: exit code ${status ?? signal}: ${stdout.slice(-500)}${stderr}`];
  try {
    JSON.parse(stdout);
  } catch (error) {
    return [`${what}: ${error.message}`];
  }
  return stderr === "" ? [] : [`${what}: ${stderr}`];
}

function startChurner(directory) {
  const child = fork(CHURNER, [directory]);
  const messages = [];
  child.on("message", (message) => messages.push(message));
  const ended = once(child, "exit");
  return {
    /** Resolves to true when the process has begun to work, and to false if it ended before. */
    running: Promise.race([once(child, "message").then(() => true), ended.then(() => false)]),
    /** Ends the process. Returns its report, or undefined if it died. */
    async stop() {
      if (child.connected) child.send("stop");
      const [code] = await ended;
      return code === 0 ? messages.at(-1) : undefined;
    },
  };
}
