// The reporter of scripts/test-worker.mjs: sends its parent one message per test that ended, and one per file.
import { inspect } from "node:util";

/** The name of the test that a worker adds after those of a file. */
export function endOf(file) {
  return `the end of ${file}`;
}

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter from the default export.
// biome-ignore lint/correctness/useYield: what it has to say goes over the channel, not to a stream.
export default async function* report(events) {
  for await (const { type, data } of events) {
    // What a test does after its end makes the process end badly; this says which.
    if (type === "test:diagnostic" && /after the test ended/.test(data.message)) process.send({ said: data.message });
    if (type !== "test:pass" && type !== "test:fail") continue;
    const error = data.details?.error;
    const isEnd = data.nesting === 0 && data.name.startsWith(endOf(""));
    if (isEnd && type === "test:pass") process.send({ end: true });
    // Where a test waits for what never comes the end is not reached, and the process ends.
    if (isEnd && (type === "test:pass" || error?.failureType !== "testCodeFailure")) continue;
    const isSuite = data.details?.type === "suite";
    const skipped = data.skip !== undefined && data.skip !== false;
    // A suite that ran counts by its tests.
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
