// A process that runs test files one after another. Its parent (scripts/test-pool.mjs) sends the names of the files,
// and the reporter (scripts/test-reporter.mjs) sends back the results of the tests. A file is imported only after the
// last test of the previous file has ended, so that importing it cannot disturb those tests.
import { readlinkSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { endOf } from "./test-reporter.mjs";

/** Returns the state of the process that a file must not change, because the files after it share it. */
function shared() {
  const namespaces = ["mnt", "net", "user"].map((name) => readlinkSync(`/proc/self/ns/${name}`));
  return [process.cwd(), process.umask(), process.getuid?.(), ...namespaces].join(" ");
}

process.on("message", async ({ file, isAlone }) => {
  if (file === undefined) return process.disconnect();
  const before = shared();
  // The channel must not keep the process alive. Then a test that waits for something that never happens ends the
  // process, as it would without this worker.
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
      `this file changes the state of the process (${shared()}), which other files share; undo the change, or add the comment "A process of its own: …"`,
    );
  });
});
