// A child process of churn.mjs. Loads, attaches, pins and closes an object again and again, until its parent sends a
// message. Then it sends a report of what it did.
import { readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { autoAttach, loadObject, readObject } from "../../dist/index.js";

const [directory] = process.argv.slice(2);
const file = new URL("../../test/bpf/counter.bpf.o", import.meta.url).pathname;
const spec = readObject(file);
const report = { cycles: 0, programs: [], maps: [], links: [], faults: [] };
let isStopped = false;
process.once("message", () => {
  isStopped = true;
});
process.send("running");
while (!isStopped && report.faults.length < 10) {
  try {
    cycle();
  } catch (error) {
    report.faults.push(`a cycle failed: ${error.stack}`);
  }
  report.cycles++;
  await turn();
}
process.send(report, () => process.disconnect());

function cycle() {
  const isPinned = report.cycles % 4 === 0;
  const object = loadObject(spec, isPinned ? { pinMaps: directory } : {});
  try {
    const attached = autoAttach(object);
    for (const program of Object.values(object.programs)) report.programs.push(program.id);
    for (const map of Object.values(object.maps)) report.maps.push(map.id);
    for (const link of Object.values(attached.links)) report.links.push(link.id);
    attached.close();
    if (isPinned) {
      for (const name of readdirSync(directory)) unlinkSync(`${directory}/${name}`);
      rmdirSync(directory);
    }
  } finally {
    object.close();
  }
}
