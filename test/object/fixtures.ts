import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ObjectSpec, type ParseObjectOptions, parseObject } from "../../src/object/index.ts";

/** A fixture of test/bpf by its name without `.bpf.o`. */
export function fixture(name: string, options: ParseObjectOptions = {}): ObjectSpec {
  const file = `${name}.bpf.o`;
  return parseObject(new Uint8Array(readFileSync(join(process.cwd(), "test/bpf", file))), { source: file, ...options });
}

/** What is there, or the test fails. */
export function existing<T>(value: T | undefined): T {
  assert.notEqual(value, undefined);
  return value as T;
}
