// Runs test files in a few processes, each of which runs many files. With one process for each file, starting Node and
// loading 200 modules would take most of the time, above all under emulation.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";

const WORKER = new URL("test-worker.mjs", import.meta.url).pathname;
const REPORTER = new URL("test-reporter.mjs", import.meta.url).pathname;
/**
 * When its tests have ended, a process must end by itself within this time. Otherwise a test has left something open.
 */
const END_SECONDS = 20;
/**
 * Matches the comment with which a test file asks for a process of its own, because it changes or counts something that
 * all files in a process share. The rest of the comment gives the reason.
 */
const OWN_PROCESS = /^\/\/ A process of its own: /m;

/** A process that runs test files, one after another. */
class Worker {
  #child;
  #ended;
  #take;
  #hasFailed = false;
  /** The files that were passed to this process. */
  files = [];

  constructor([execPath, ...words]) {
    const execArgv = [...words, `--test-reporter=${REPORTER}`, "--test-reporter-destination=stdout"];
    this.#child = fork(WORKER, [], { execPath, execArgv });
    const exit = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(String(error)));
      this.#child.once("exit", (code, signal) => resolve(signal ?? code));
    });
    // Wait for the end of the channel too: the last messages of the process arrive before it.
    const disconnect = new Promise((resolve) => this.#child.once("disconnect", resolve));
    this.#ended = Promise.all([exit, disconnect]).then(([end]) => end);
    this.#child.on("message", (message) => this.#take?.(message));
  }

  /**
   * Runs a file and passes the result of each of its tests to `take`. If the process ends before the tests do, returns
   * its exit code or signal; otherwise returns undefined.
   */
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

  /** Lets the process end. If it fails or does not end, returns a sentence that says so. */
  async end() {
    if (this.#child.connected) this.#child.send({});
    let isKept = false;
    const timer = setTimeout(() => {
      isKept = true;
      this.kill();
    }, END_SECONDS * 1000);
    const end = await this.#ended;
    clearTimeout(timer);
    if (isKept) return "the process did not end, because a test left something open";
    if (end === 0 || (end === 1 && this.#hasFailed)) return;
    return `the process ended with ${end}`;
  }

  kill() {
    this.#child.kill("SIGKILL");
  }
}

/**
 * Runs the files in `jobs` processes at the same time. When a file has ended, passes the file and the results of its
 * tests to `take`. A file has failed if its process dies, or if it takes longer than `limit` seconds; the remaining
 * files then run in another process. When `stop` resolves, all files that have not ended fail.
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
    // If a test waits for something that never happens, Node 20 ends the process by itself. Node 26 does not.
    const timer = setTimeout(() => {
      isLate = true;
      worker.kill();
    }, limit * 1000);
    const end = await worker.run(file, isAlone, (result) => tests.push({ ...result, file }));
    clearTimeout(timer);
    running.delete(worker);
    if (end !== undefined) {
      let name = `the process ended with ${end} before the tests ended`;
      if (isStopped) name = "the file had not ended when the run was stopped";
      else if (isLate) name = `the file did not end within ${limit} s`;
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
        take(
          file,
          [{ status: "failed", name: "the file had not begun when the run was stopped", file, milliseconds: 0 }],
          0,
        );
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

/** Returns true if a comment in the source of a test file asks for a process of its own. */
function wantsOwnProcess(file) {
  const source = file.startsWith(".build/") ? file.replace(/^\.build\//, "").replace(/\.js$/, ".ts") : file;
  return OWN_PROCESS.test(readFileSync(source, "utf8"));
}
