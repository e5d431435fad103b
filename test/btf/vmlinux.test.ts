import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Btf, BtfKind, type BtfType, compileReader, formatSignature } from "../../src/btf/index.ts";
import { FormatError } from "../../src/errors/index.ts";

const PATH = "/sys/kernel/btf/vmlinux";

describe("the running kernel's BTF", { skip: existsSync(PATH) ? false : `there is no ${PATH}` }, () => {
  const btf = Btf.parse(readFileSync(PATH), { source: PATH });

  test("every type decodes, and says what the raw accessors say", () => {
    const counts = new Map<string, number>();
    for (const id of btf.ids()) {
      const type: BtfType = btf.type(id);
      counts.set(type.kind, (counts.get(type.kind) ?? 0) + 1);
      assert.equal(
        type.kind,
        (Object.entries(BtfKind).find(([, kind]) => kind === btf.kind(id))?.[0] ?? "").toLowerCase(),
      );
    }
    for (const kind of ["int", "ptr", "array", "struct", "union", "enum", "typedef", "const", "func", "func_proto"]) {
      assert.ok((counts.get(kind) ?? 0) > 10, `${kind}: ${counts.get(kind)}`);
    }
  });

  test("scan and index find the same", () => {
    const fresh = (): Btf => Btf.parse(btf.data);
    const names = ["task_struct", "sk_buff", "u32", "vfs_read", "bpf_prog", "pid_type", "no such type", "file"];
    const scanned = names.map((name) => fresh().findAll(name));
    const essential = names.map((name) => fresh().findByEssentialName(name));
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(
        names.map((name) => btf.findAll(name)),
        scanned,
      );
      assert.deepEqual(
        names.map((name) => btf.findByEssentialName(name)),
        essential,
      );
    }
    assert.equal(
      btf.find("task_struct", BtfKind.STRUCT),
      scanned[0]?.find((id) => btf.kind(id) === BtfKind.STRUCT),
    );
  });

  test("every struct and union has a size, an alignment and a reader", () => {
    const view = new DataView(new ArrayBuffer(1 << 20));
    for (const id of btf.ids()) {
      const type = btf.type(id);
      if (type.kind !== "struct" && type.kind !== "union") continue;
      assert.equal(btf.sizeOf(id), type.size);
      assert.ok([1, 2, 4, 8].includes(btf.alignOf(id)));
      if (type.size > view.byteLength) continue;
      try {
        compileReader(btf, id)(view, 0);
      } catch (error) {
        // Members of an incomplete type, such as maple tree's `struct maple_enode`, are rare but legal.
        assert.ok(error instanceof FormatError && error.message.includes("has no values"), String(error));
      }
    }
  });

  test("a signature", () => {
    const id = btf.find("schedule", BtfKind.FUNC);
    assert.ok(id !== undefined);
    assert.equal(formatSignature(btf, id), "void schedule()");
  });
});
