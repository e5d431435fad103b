// Kills the command at random moments while it loads, pins and attaches all programs of an object.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { withBpffs } from "./bpffs.mjs";

const COMMAND = new URL("../../dist/bin/bpfts.js", import.meta.url).pathname;
const OBJECT = new URL("../../test/bpf/counter.bpf.o", import.meta.url).pathname;

export const kills = { usualMinutes: 1, run: (task) => withBpffs((bpffs) => killRuns(bpffs, task)) };

async function killRuns(bpffs, { more }) {
  const found = { none: 0, whole: 0, half: 0, unfinished: 0 };
  const faults = [];
  const directory = join(bpffs, "object");
  const { milliseconds, pins } = await wholeRun(directory);
  let runs = 0;
  do {
    const moment = Math.random() * milliseconds * 1.2;
    const child = spawnCommand(directory, "ignore");
    const timer = setTimeout(() => child.kill("SIGKILL"), moment);
    await once(child, "exit");
    clearTimeout(timer);
    runs++;
    const now = pinsBelow(directory);
    if (now.length === 0) found.none++;
    else if (now.join() === pins.join()) found.whole++;
    else {
      found.half++;
      faults.push(
        `killed after ${moment.toFixed(1)} ms: ${now.length} of ${pins.length} pins are there: ${now.join(", ")}`,
      );
    }
    for (const name of readdirSync(bpffs)) {
      // Skip the kernel's own files in the bpffs. Only their names contain a dot.
      if (name.includes(".")) continue;
      if (name !== "object") found.unfinished++;
      removeTree(join(bpffs, name));
    }
  } while (more());
  const figures = [
    `${runs} commands of about ${milliseconds.toFixed(0)} ms killed`,
    `directories: ${found.none} absent, ${found.whole} complete, ${found.half} incomplete`,
    `temporary directories left behind: ${found.unfinished}`,
  ];
  return { figures, faults };
}

/** Runs the command to its end. Returns how long it took, and the pins that it made. */
async function wholeRun(directory) {
  const begun = performance.now();
  const child = spawnCommand(directory, "inherit");
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the command failed with exit code ${code}`);
  const milliseconds = performance.now() - begun;
  const pins = pinsBelow(directory);
  removeTree(directory);
  return { milliseconds, pins };
}

function spawnCommand(directory, stdio) {
  const words = ["prog", "loadall", OBJECT, directory, "pinmaps", `${directory}/maps`, "autoattach"];
  return spawn(process.execPath, [COMMAND, ...words], { stdio });
}

function pinsBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true }).sort();
}

function removeTree(directory) {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeTree(path);
    else unlinkSync(path);
  }
  rmdirSync(directory);
}
