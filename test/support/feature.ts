import type { TestContext } from "node:test";
import { feature, featureLack } from "../../src/kernel/features/lack.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";

/**
 * Whether this kernel should have the features, by the table in src/kernel/features: if not, the test is skipped with
 * the reason. If so, the test runs, and fails where the kernel does not deliver.
 *
 *     if (!needs(t, "link:tcx")) return;
 */
export function needs(t: Pick<TestContext, "skip">, ...names: readonly FeatureName[]): boolean {
  const reason = lacking(...names);
  if (reason !== false) t.skip(reason);
  return reason === false;
}

/** The reason to skip, or false: for `test(name, { skip: lacking("map:arena") }, …)`. */
export function lacking(...names: readonly FeatureName[]): string | false {
  for (const name of names) {
    const lack = featureLack(name);
    if (lack === undefined) continue;
    const { what } = feature(name);
    if (lack.kind === "version") return `needs Linux ${lack.since}: ${what} [${name}]`;
    if (lack.kind === "config") return `needs ${lack.option}: ${what} [${name}]`;
    return `${lack.reason}: ${what} [${name}]`;
  }
  return false;
}
