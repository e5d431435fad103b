// `npm run test:vm -- --plant KERNEL` runs this there: does a failure in one machine turn the whole run red?
import assert from "node:assert/strict";
import { test } from "node:test";

test("a failure planted on purpose", () => {
  assert.equal("red", "green");
});
