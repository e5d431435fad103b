import assert from "node:assert/strict";
import { test } from "node:test";
import { feature, featureLack, hasVersion, tooOldFor } from "../../../src/kernel/features/lack.ts";
import { machineLack } from "../../../src/kernel/features/machine.ts";
import { FEATURES, type FeatureName } from "../../../src/kernel/features/table.ts";
import { isEmulated } from "../../support/emulation.ts";
import { lacking, needs } from "../../support/feature.ts";

const names = Object.keys(FEATURES) as FeatureName[];

test("every row of the table is well-formed", () => {
  for (const name of names) {
    const { what, since, config = [] } = feature(name);
    assert.match(name, /^[a-z]+:[a-z0-9_]+$/);
    assert.match(what, /^\S.*\S$/);
    assert.match(since ?? "5.11", /^\d+\.\d+$/, name);
    for (const option of config) assert.match(option, /^CONFIG_[A-Z0-9_]+$/, name);
  }
});

test("a feature is lacking with a reason, or a test runs", () => {
  for (const name of names) {
    const reason = lacking(name);
    const skipped: (string | undefined)[] = [];
    const runs = needs({ skip: (message) => skipped.push(message) }, name);
    assert.equal(runs, reason === false);
    assert.deepEqual(skipped, reason === false ? [] : [reason]);
    if (reason !== false) assert.ok(reason.endsWith(`: ${feature(name).what} [${name}]`), reason);
  }
});

test("a vendor's refusals are not found on a distribution's kernel", {
  skip: !isEmulated && "in a VM only: it runs a distribution's kernel",
}, () => {
  for (const condition of ["trampoline", "element_iterators"] as const) {
    assert.equal(machineLack(condition), undefined, condition);
  }
});

test("versions compare as numbers", () => {
  assert.ok(hasVersion("5.9"));
  assert.ok(hasVersion("4.20"));
  assert.ok(!hasVersion("99.0"));
});

test("a refusal is explained only where the version tells", () => {
  for (const name of names) {
    const error = tooOldFor(name, { detail: "a test needs it" }, undefined);
    assert.equal(error !== undefined, featureLack(name)?.kind === "version", name);
    if (error !== undefined) assert.equal(error.minVersion, feature(name).since);
  }
});
