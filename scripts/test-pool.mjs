// Runs test files in a few processes, each many files: a Node to start and 200 modules to load for every file are most
// of a run's time, above all in a machine under emulation.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";

const WORKER = new URL("test-worker.mjs", import.meta.url).pathname;
const REPORTER = new URL("test-reporter.mjs", import.meta.url).pathname;
/** A process whose tests are done ends by itself, or something was left open in it. */
const END_SECONDS = 20;
/** In a test file's source: it changes what all files of a process share, or counts it. The reason follows. */
const OWN_PROCESS = /^\/\/ A process of its own: /m;

/** One process that runs test files as they are given to it. */
class Worker {
  #child;
  #ended;
  #take;
  #hasFailed = false;
  /** The files that it was given. */
  files = [];

  constructor([execPath, ...words]) {
    const execArgv = [...words, `--test-reporter=${REPORTER}`, "--test-reporter-destination=stdout"];
    this.#child = fork(WORKER, [], { execPath, execArgv });
    const exit = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(String(error)));
      this.#child.once("exit", (code, signal) => resolve(signal ?? code));
    });
    // What it sent before it ended comes before the channel's end.
    const disconnect = new Promise((resolve) => this.#child.once("disconnect", resolve));
    this.#ended = Promise.all([exit, disconnect]).then(([end]) => end);
    this.#child.on("message", (message) => this.#take?.(message));
  }

  /** Runs a file, and gives what comes of each of its tests to `take`; the word for how the process ended before. */
  async run(file, isAlone, take) {
    this.files.push(file);
    const done = new Promise((resolve) => {
      this.#take = (message) => {
        if (message.status === "failed") this.#hasFailed = true;
        if (message.end) resolve();
        else take(message);
      };
    });
    this.#child.send({ file, isAlone });
    return await Promise.race([done, this.#ended]);
  }

  /** Ends the process; the reason if it does not end well. */
  async end() {
    if (this.#child.connected) this.#child.send({});
    let isKept = false;
    const timer = setTimeout(() => {
      isKept = true;
      this.kill();
    }, END_SECONDS * 1000);
    const end = await this.#ended;
    clearTimeout(timer);
    if (isKept) return "something that a test left open kept the process";
    if (end === 0 || (end === 1 && this.#hasFailed)) return;
    return `the process ended with ${end}`;
  }

  kill() {
    this.#child.kill("SIGKILL");
  }
}

/**
 * Runs the files, so many at a time, and gives `take` each file with the results of its tests when it is done. A file
 * whose process dies, or that takes longer than `limit` seconds, has failed, and the rest goes on in another process.
 * `stop` ends it early: what had not ended failed.
 */
export async function runTests(files, { jobs, node, limit, take, stop }) {
  const queue = [...files];
  const running = new Set();
  let isStopped = false;
  stop.then(() => {
    isStopped = true;
    for (const worker of running) worker.kill();
  });

  async function runFile(worker, file, isAlone) {
    const begun = performance.now();
    const tests = [];
    running.add(worker);
    let isLate = false;
    // Where a test waits for what never comes, Node 20 ends the process by itself, Node 26 does not.
    const timer = setTimeout(() => {
      isLate = true;
      worker.kill();
    }, limit * 1000);
    const end = await worker.run(file, isAlone, (result) => tests.push({ ...result, file }));
    clearTimeout(timer);
    running.delete(worker);
    if (end !== undefined) {
      let name = `the process ended with ${end} before the tests`;
      if (isStopped) name = "not done when the time was over";
      else if (isLate) name = `not done in ${limit} s`;
      tests.push({ status: "failed", name, file, milliseconds: 0 });
    }
    take(file, tests, performance.now() - begun);
    return end === undefined;
  }

  async function endWorker(worker) {
    const problem = await worker.end();
    if (problem === undefined) return;
    const file = worker.files.join(", ");
    take(file, [{ status: "failed", name: problem, file, milliseconds: 0 }], 0);
  }

  async function runInTurn() {
    let shared;
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      if (isStopped) {
        take(file, [{ status: "failed", name: "not begun when the time was over", file, milliseconds: 0 }], 0);
      } else if (wantsOwnProcess(file)) {
        const own = new Worker(node);
        if (await runFile(own, file, true)) await endWorker(own);
      } else {
        shared ??= new Worker(node);
        if (!(await runFile(shared, file, false))) shared = undefined;
      }
    }
    if (shared !== undefined) await endWorker(shared);
  }

  await Promise.all(Array.from({ length: jobs }, runInTurn));
}

/** Whether a test file wants a process of its own, which it says in its source. */
function wantsOwnProcess(file) {
  const source = file.startsWith(".build/") ? file.replace(/^\.build\//, "").replace(/\.js$/, ".ts") : file;
  return OWN_PROCESS.test(readFileSync(source, "utf8"));
}
