import assert from "node:assert/strict";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { describeStructOps } from "../../../src/inventory/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import { ALL_STYLES, assertSameOutput } from "../../parity/same-output.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { needs } from "../../support/feature.ts";
import { bpftool, bpfts, type Ran } from "../run.ts";

// On some kernels a mistake here locks struct_ops until the machine is rebooted: what registers runs in VMs only.

const PLAIN = "bpfts_plain";
const LINKED = "bpfts_linked";
const OBJECT = "test/bpf/struct-ops.bpf.o";

function withoutIds({ stdout, stderr, code }: Ran): Ran {
  return { code, stdout, stderr: stderr.replace(/\bid \d+/g, "id N") };
}

/** Asserts that a command that changes something does the same in both commands, one after the other. */
function assertSameChange(line: string, between: () => void): void {
  const words = line.split(" ");
  const theirs = bpftool(...words);
  between();
  const ours = bpfts(...words);
  // libbpf's own lines, which bpftool prints before its error.
  const stderr = theirs.stderr.replace(/^libbpf: .*\n/gm, "");
  assert.deepEqual(withoutIds(ours), withoutIds({ ...theirs, stderr }), line);
}

/** bpftool prints an empty line for a dump that fails. */
function trimmed(text: string): string {
  return text.trim();
}

test("errors of struct_ops are bpftool's", (t) => {
  if (!needs(t, "machine:fast", "tool:bpftool")) return;
  for (const handle of ["name no-such-map", "id 4000000000", "id 0", "id x"])
    assertSameOutput(`struct_ops show ${handle}`);
  for (const handle of ["name no-such-map", "id 4000000000"]) {
    assertSameOutput(`struct_ops dump ${handle}`, { only: trimmed });
    assertSameOutput(`struct_ops unregister ${handle}`);
  }
  for (const words of ["show id", "list other 1", "dump name a b", "unregister", "register", "register /no/such.o"]) {
    assertSameOutput(`struct_ops ${words}`, { ownMessage: true });
  }
  assertSameOutput("struct_ops register test/bpf/counter.bpf.o");
});

test("a map of another type is no struct_ops map", (t) => {
  if (!needs(t, "machine:fast", "tool:bpftool")) return;
  const { counts } = withCounter(t);
  for (const command of ["show", "dump", "unregister"]) {
    assertSameOutput(`struct_ops ${command} id ${counts}`, { only: trimmed, styles: [[]] });
  }
  assert.throws(() => [...describeStructOps({ fds: [loadedMap(t)] })], /is not a struct_ops map/);
});

function withCounter(t: TestContext): { readonly counts: number } {
  const object = loadObject("test/bpf/counter.bpf.o");
  t.after(() => object.close());
  return { counts: Object.values(object.maps)[0]?.id ?? 0 };
}

function loadedMap(t: TestContext): number {
  const object = loadObject("test/bpf/counter.bpf.o");
  t.after(() => object.close());
  return Object.values(object.maps)[0]?.fd ?? -1;
}

test("struct_ops maps that are loaded, but not registered", (t) => {
  if (!needs(t, "machine:vm", "link:struct_ops")) return;
  const object = loadObject(OBJECT);
  t.after(() => object.close());
  const { [PLAIN]: plain, [LINKED]: linked } = object.maps;
  assert.ok(plain && linked);
  const found = [...describeStructOps()];
  assert.deepEqual(found, [
    { id: plain.id, name: PLAIN, kernelStruct: "tcp_congestion_ops", contents: undefined },
    { id: linked.id, name: LINKED, kernelStruct: "tcp_congestion_ops", contents: undefined },
  ]);
  assert.deepEqual([...describeStructOps({ name: LINKED })], [found[1]]);
  const [{ contents } = { contents: undefined }] = describeStructOps({ fds: [plain.fd], contents: true });
  assert.ok(contents);
  assert.ok(contents.callbacks.some(({ member }) => member === "ssthresh"));
  assert.ok(contents.callbacks.every(({ progId }) => progId === 0));
  if (!needs(t, "tool:bpftool")) return;
  assertSameOutput("struct_ops dump", { styles: [[]] });
});

test("register, show, dump and unregister do what bpftool does", (t) => {
  if (!needs(t, "machine:vm", "link:struct_ops", "tool:bpftool")) return;
  for (const command of ["show", "dump"]) assertSameOutput(`struct_ops ${command}`, { styles: [[]] });
  const directory = join(withBpffs(t), "links");
  const end = (): void => {
    assertSameOutput(`struct_ops unregister name ${LINKED}`);
    assert.equal(bpftool("struct_ops", "unregister", "name", PLAIN).code, 0);
    unlinkSync(join(directory, LINKED));
  };
  assertSameChange(`struct_ops register ${OBJECT} ${directory}`, end);
  const maps = [...describeStructOps({ contents: true })];
  assert.deepEqual(maps.map(({ name }) => name).sort(), [LINKED, PLAIN]);
  const callback = maps[0]?.contents?.callbacks.find(({ member }) => member === "cong_avoid");
  assert.equal(callback?.progName, "bpfts_cong_avoid");
  for (const command of ["show", "dump"]) assertSameOutput(`struct_ops ${command}`, { styles: ALL_STYLES });
  assertSameOutput(`struct_ops show name ${LINKED}`, { styles: [[]] });
  assertSameOutput(`struct_ops dump id ${maps[0]?.id}`, { styles: [[]] });
  // A second registration fails: the name is taken.
  const again = [bpftool, bpfts].map((run) => run("struct_ops", "register", OBJECT));
  assert.deepEqual(
    again.map(({ code }) => code),
    [255, 255],
  );
  assert.match(again[1]?.stderr ?? "", /can't register struct_ops bpfts_plain: File exists/);
  assertSameChange(`struct_ops unregister name ${PLAIN}`, () => {
    assert.equal(bpfts("-j", "struct_ops", "register", OBJECT).stdout.includes("error"), true);
  });
  unlinkSync(join(directory, LINKED));
});

test("a link without a directory ends with the command", (t) => {
  if (!needs(t, "machine:vm", "link:struct_ops", "tool:bpftool")) return;
  assertSameChange(`struct_ops register ${OBJECT}`, () => {
    assert.deepEqual(
      [...describeStructOps()].map(({ name }) => name),
      [PLAIN],
    );
    assert.equal(bpftool("struct_ops", "unregister", "name", PLAIN).code, 0);
  });
  assertSameChange(`-j struct_ops unregister name ${PLAIN}`, () => {
    assert.equal(bpftool("struct_ops", "register", OBJECT).code, 0);
  });
});
