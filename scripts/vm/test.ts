// Runs the tests on Debian's kernels: `npm run test:vm`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArgumentError } from "./arguments.ts";
import { bundleTests, testFiles } from "./bundle-tests.ts";
import type { TreeFile } from "./image.ts";
import { inTurns } from "./in-turns.ts";
import { bringKernels, type Kernel } from "./kernels.ts";
import { LinePrefix } from "./line-prefix.ts";
import { DIED, runInMachine } from "./machine.ts";
import { requirePrograms } from "./requirements.ts";
import { isGreen, type KernelResults, parseResults, summary, together } from "./results.ts";
import { parseTestArguments, TEST_USAGE, type TestArguments } from "./test-arguments.ts";

const PLANTED = ".build/test/support/planted-failure.js";

/** The tests that one machine runs: every `of`th test file, beginning with number `part`. */
interface Share {
  readonly kernel: Kernel;
  readonly part: number;
  readonly of: number;
}

/** Runs a share of the tests in a virtual machine. */
async function testShare(
  { kernel, part, of }: Share,
  instead: readonly TreeFile[],
  options: TestArguments,
): Promise<KernelResults> {
  const out = mkdtempSync(join(tmpdir(), "bpfts-vm-out-"));
  const { filter, timeout, plant } = options;
  const also = part === 1 && plant.includes(kernel.name) ? ["--also", PLANTED] : [];
  const begun = performance.now();
  const output = new LinePrefix(`${kernel.name.padEnd(4)} | `, (text) => process.stdout.write(text));
  try {
    const exitCode = await runInMachine({
      kernel,
      // timeout(1) stops the tests before the machine's time is over, so that the machine can still send back the
      // results so far. The boot takes a part of the machine's time.
      command: [
        "timeout",
        String(Math.max(timeout - 90, Math.floor(timeout / 2))),
        "node",
        "scripts/test.mjs",
        ...["--results", "/out/results", "--part", `${part}/${of}`],
        ...also,
        ...filter,
      ],
      timeout,
      out,
      instead,
      write: (text) => output.add(text),
      warn: (text) => output.add(text),
    });
    output.end();
    const { name, release } = kernel;
    const tests = parseResults(readIfThere(join(out, "results")));
    return { kernel: name, release, exitCode, begun, ended: performance.now(), tests };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

try {
  const options = parseTestArguments(process.argv.slice(2));
  requirePrograms([]);
  const kernels = bringKernels(options.kernels);
  requirePrograms(kernels.map(({ machine }) => machine));
  const instead = await bundleTests();
  // The tests of a kernel are divided between two machines, so that a run on only one kernel uses both processors of
  // the host. A single test file needs only one machine.
  const of = testFiles(options.filter).length > 1 ? 2 : 1;
  const parts = Array.from({ length: of }, (_, i) => i + 1);
  const work = kernels.flatMap((kernel) => parts.map((part) => ({ kernel, part, of })));
  const done = await inTurns(work, options.jobs, async (share) => {
    const run = await testShare(share, instead, options);
    if (!options.again || run.exitCode !== DIED) return run;
    process.stdout.write(`\nThe kernel ${run.kernel} died, so its tests run once more.\n\n`);
    return testShare(share, instead, options);
  });
  const runs = kernels.map(({ name }) => together(done.filter(({ kernel }) => kernel === name)));
  process.stdout.write(`\n${summary(runs)}\n`);
  process.exitCode = runs.every(isGreen) ? 0 : 1;
} catch (error) {
  process.stderr.write(`test:vm: ${error instanceof Error ? error.message : error}\n`);
  if (error instanceof ArgumentError) process.stderr.write(`\n${TEST_USAGE}\n`);
  process.exitCode = 126;
}
