import assert from "node:assert/strict";
import { test } from "node:test";
import { type CamelCase, camelCase } from "../../src/layout/index.ts";

interface Record {
  readonly prog_id: number;
  readonly task?: { readonly tid_of_it: number } | undefined;
  readonly ref_ctr_offsets: bigint[];
  readonly tag: Uint8Array;
  readonly id: number;
}

test("names of the kernel's become camelCase names, in records within too", () => {
  const tag = new Uint8Array(8);
  const record: Record = { prog_id: 1, task: { tid_of_it: 2 }, ref_ctr_offsets: [3n], tag, id: 4 };
  const camel: CamelCase<Record> = camelCase(record);
  assert.deepEqual(camel, { progId: 1, task: { tidOfIt: 2 }, refCtrOffsets: [3n], tag, id: 4 });
  assert.equal(camel.tag, tag, "bytes are not copied");
  assert.equal(camel.task?.tidOfIt, 2);
});
