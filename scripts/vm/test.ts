// The tests on Debian's kernels: `npm run test:vm`.
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

/** What one of the machines of a kernel runs: every `of`th file of tests, from `part` on. */
interface Share {
  readonly kernel: Kernel;
  readonly part: number;
  readonly of: number;
}

/** Runs a share of the tests. */
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
      // Told from inside before the machine's time is over, of which the boot took its part, so that what came so far
      // comes back.
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
  // Two machines for a kernel, so that one alone has both processors; one machine for one file.
  const of = testFiles(options.filter).length > 1 ? 2 : 1;
  const parts = Array.from({ length: of }, (_, i) => i + 1);
  const work = kernels.flatMap((kernel) => parts.map((part) => ({ kernel, part, of })));
  const done = await inTurns(work, options.jobs, async (share) => {
    const run = await testShare(share, instead, options);
    if (!options.again || run.exitCode !== DIED) return run;
    process.stdout.write(`\n${run.kernel} died, and is run once more\n\n`);
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
