// A process that runs test files one after another: its parent (scripts/test-pool.mjs) sends their names, the reporter
// (scripts/test-reporter.mjs) sends back what came of each test. A file is imported when the last test of the one
// before has ended, so that what a file does when it is loaded meets no test of another.
import { readlinkSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { endOf } from "./test-reporter.mjs";

/** What a file must leave as it was for those after it. */
function shared() {
  const namespaces = ["mnt", "net", "user"].map((name) => readlinkSync(`/proc/self/ns/${name}`));
  return [process.cwd(), process.umask(), process.getuid?.(), ...namespaces].join(" ");
}

process.on("message", async ({ file, isAlone }) => {
  if (file === undefined) return process.disconnect();
  const before = shared();
  // A test that waits for what never comes ends the process, as if it were alone: the channel does not keep it.
  process.channel.unref();
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    test("the file is loaded", () => {
      throw error;
    });
  }
  test(endOf(file), () => {
    process.channel.ref();
    if (isAlone || shared() === before) return;
    throw new Error(
      `for the files after it, the process must stay as it was, or be "A process of its own: …" (${shared()})`,
    );
  });
});
