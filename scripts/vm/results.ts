/** A line of the file that `scripts/test.mjs --results` writes: the result of a test. */
export interface TestResult {
  readonly status: "passed" | "failed" | "skipped";
  readonly name: string;
  readonly file?: string;
  readonly reason?: string;
  readonly milliseconds: number;
}

/** The results of the tests on one kernel. */
export interface KernelResults {
  readonly kernel: string;
  readonly release: string;
  /** The exit code of the command in the machine. */
  readonly exitCode: number;
  /** The times at which the run began and ended, from performance.now(). */
  readonly begun: number;
  readonly ended: number;
  readonly tests: readonly TestResult[];
}

/** Parses the lines of a results file. Skips an incomplete last line. */
export function parseResults(text: string): TestResult[] {
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as TestResult];
    } catch {
      return [];
    }
  });
}

/** Joins the results of the machines of one kernel. The exit code is the largest of their exit codes. */
export function together(shares: readonly KernelResults[]): KernelResults {
  const [first] = shares;
  if (first === undefined) throw new RangeError("no share was run");
  return {
    kernel: first.kernel,
    release: first.release,
    exitCode: Math.max(...shares.map(({ exitCode }) => exitCode)),
    begun: Math.min(...shares.map(({ begun }) => begun)),
    ended: Math.max(...shares.map(({ ended }) => ended)),
    tests: shares.flatMap(({ tests }) => tests),
  };
}

/** Returns true if the run on a kernel succeeded: its exit code is 0, no test failed, and at least one test passed. */
export function isGreen({ exitCode, tests }: KernelResults): boolean {
  return exitCode === 0 && tests.some(({ status }) => status === "passed") && count(tests, "failed") === 0;
}

/** Returns the table of counts, the reasons why tests were skipped, and the failed tests. */
export function summary(runs: readonly KernelResults[]): string {
  const rows = [["kernel", "release", "passed", "failed", "skipped", "seconds", ""]];
  for (const run of runs) {
    const { kernel, release, tests, begun, ended } = run;
    const counts = (["passed", "failed", "skipped"] as const).map((status) => String(count(tests, status)));
    rows.push([kernel, release, ...counts, String(Math.round((ended - begun) / 1000)), verdict(run)]);
  }
  return [table(rows), skipped(runs), failures(runs)].filter((part) => part !== "").join("\n\n");
}

function verdict(run: KernelResults): string {
  if (isGreen(run)) return "ok";
  // 137: timeout(1) in the guest has killed the command by SIGKILL.
  if (run.exitCode === 124 || run.exitCode === 137) return "NOT DONE IN TIME";
  if (run.exitCode === 125) return "THE KERNEL DIED";
  return "FAILED";
}

function count(tests: readonly TestResult[], wanted: TestResult["status"]): number {
  return tests.filter(({ status }) => status === wanted).length;
}

/** Returns a table with a row for each reason to skip tests, and the number of skipped tests on each kernel. */
function skipped(runs: readonly KernelResults[]): string {
  const reasons = new Set<string>();
  for (const { tests } of runs) {
    for (const test of tests) if (test.status === "skipped") reasons.add(reasonOf(test));
  }
  if (reasons.size === 0) return "";
  const rows = [["skipped", ...runs.map(({ kernel }) => kernel)]];
  for (const reason of [...reasons].sort()) {
    const numbers = runs.map(({ tests }) =>
      tests.filter((test) => test.status === "skipped" && reasonOf(test) === reason),
    );
    rows.push([reason, ...numbers.map(({ length }) => (length === 0 ? "" : String(length)))]);
  }
  return table(rows);
}

function reasonOf({ reason }: TestResult): string {
  return reason === undefined || reason === "" ? "no reason given" : reason;
}

function failures(runs: readonly KernelResults[]): string {
  const lines: string[] = [];
  for (const { kernel, tests } of runs) {
    for (const { status, name, file } of tests) {
      if (status === "failed") lines.push(`FAILED on ${kernel}: ${name}${file === undefined ? "" : ` (${file})`}`);
    }
  }
  return lines.join("\n");
}

/** Formats rows as a table with left-aligned columns. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
