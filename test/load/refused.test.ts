import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { kindOfCode } from "../../src/explain/index.ts";
import { loadObject, VerifierError } from "../../src/load/index.ts";
import { REFUSED } from "../explain/error-pages.ts";
import { needs } from "../support/feature.ts";

for (const file of readdirSync(REFUSED).filter((name) => name.endsWith(".bpf.o"))) {
  const name = file.replace(".bpf.o", "");
  test(`this kernel refuses a program, and the diagnosis has its code: ${name}`, (t) => {
    if (!needs(t, "machine:fast")) return;
    let error: unknown;
    try {
      loadObject(`${REFUSED}/${file}`).close();
    } catch (cause) {
      error = cause;
    }
    assert.ok(error instanceof VerifierError, `${error}`);
    const { diagnosis } = error;
    assert.equal(diagnosis?.name, name, error.log.join("\n"));
    assert.equal(diagnosis?.class, kindOfCode(name)?.class);
    assert.match(error.explanation, /^BPF-E\d{4}: /);
    if (diagnosis.where?.line !== undefined) assert.equal(diagnosis.where.file?.replace(/^.*\//, ""), `${name}.bpf.c`);
  });
}
