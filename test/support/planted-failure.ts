// A test that always fails. `npm run test:vm -- --plant KERNEL` runs it on this kernel, to check that a failure in one
// machine makes the whole run fail.
import assert from "node:assert/strict";
import { test } from "node:test";

test("a failure planted on purpose", () => {
  assert.equal("red", "green");
});
