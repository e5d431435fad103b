// A reporter for `node --test`: one line of JSON per test that ended, for whoever sums up several runs.
// biome-ignore lint/style/noDefaultExport: node --test takes a reporter from the default export.
export default async function* results(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const isSuite = data.details?.type === "suite";
    const skipped = data.skip !== undefined && data.skip !== false;
    // A suite that ran counts by its tests.
    if (isSuite && !skipped && type === "test:pass") continue;
    const status = type === "test:fail" ? "failed" : skipped ? "skipped" : "passed";
    const reason = typeof data.skip === "string" ? data.skip : undefined;
    const milliseconds = Math.round(data.details?.duration_ms ?? 0);
    yield `${JSON.stringify({ status, name: data.name, file: data.file, nesting: data.nesting, reason, milliseconds })}\n`;
  }
}
