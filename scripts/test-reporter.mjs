// The reporter of scripts/test-worker.mjs. Sends one message to the parent process for each test that ended, and one
// for each file.
import { inspect } from "node:util";

/** Returns the name of the test that a worker adds after the tests of a file. */
export function endOf(file) {
  return `the end of ${file}`;
}

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter from the default export.
// biome-ignore lint/correctness/useYield: the results go over the channel, not to a stream.
export default async function* report(events) {
  for await (const { type, data } of events) {
    // If a test still does something after its end, the process fails. This diagnostic names the test.
    if (type === "test:diagnostic" && /after the test ended/.test(data.message)) process.send({ said: data.message });
    if (type !== "test:pass" && type !== "test:fail") continue;
    const error = data.details?.error;
    const isEnd = data.nesting === 0 && data.name.startsWith(endOf(""));
    if (isEnd && type === "test:pass") process.send({ end: true });
    // If a test waits for something that never happens, the process ends before this last test. That is not a failure
    // of the last test.
    if (isEnd && (type === "test:pass" || error?.failureType !== "testCodeFailure")) continue;
    const isSuite = data.details?.type === "suite";
    const skipped = data.skip !== undefined && data.skip !== false;
    // A suite that ran is not a result of its own: its tests are counted.
    if (isSuite && !skipped && type === "test:pass") continue;
    const status = type === "test:fail" ? "failed" : skipped ? "skipped" : "passed";
    process.send({
      status,
      name: data.name,
      reason: typeof data.skip === "string" ? data.skip : undefined,
      milliseconds: Math.round(data.details?.duration_ms ?? 0),
      problem: status === "failed" ? inspect(error?.cause ?? error) : undefined,
    });
    if (isEnd) process.send({ end: true });
  }
}
