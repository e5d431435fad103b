import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { Btf, BtfBuilder } from "../../../src/btf/index.ts";
import { loadObject } from "../../../src/load/index.ts";
import { int, member } from "../../btf/samples.ts";
import { withDirectory } from "../../support/directory.ts";
import { lacking } from "../../support/feature.ts";
import { bpftool, bpfts } from "../run.ts";

const OBJECT = "test/bpf/counter.bpf.o";
const VMLINUX = "/sys/kernel/btf/vmlinux";

/** Our output, errors and exit code must be bpftool's, in text and in JSON (-p; parity/btf-format has -j). */
function sameAsBpftool(...words: string[]): void {
  for (const style of [[], ["-p"]]) {
    const line = [...style, ...words];
    const ours = bpfts(...line);
    if (style.length > 0) JSON.parse(ours.stdout);
    const theirs = bpftool(...line);
    // Without a message where a difference of megabytes would take minutes to print.
    if (theirs.stdout.length > 1_000_000) assert.ok(ours.stdout === theirs.stdout, line.join(" "));
    else assert.deepEqual(ours, theirs, line.join(" "));
  }
}

function failure(...words: string[]): { line: string; code: number | null } {
  const { stdout, stderr, code } = bpfts(...words);
  assert.equal(stdout, "");
  assert.notEqual(code, 0);
  return { line: stderr, code };
}

describe("btf dump of files like bpftool's", { skip: lacking("tool:bpftool") }, () => {
  for (const words of [
    `dump file ${OBJECT}`,
    `dump file ${OBJECT} format raw`,
    `dump file ${OBJECT} format c`,
    `dump f ${OBJECT} fo c u`,
    `dump file ${OBJECT} root_id 1`,
    `dump file ${OBJECT} root_id 0x3 root_id 0 format c`,
    `dump file ${OBJECT} ro 07`,
    `dump file ${OBJECT} root_id 100000`,
    `dump file ${OBJECT} root_id 1 root_id 1`,
    `dump file ${OBJECT} root_id 1x`,
    `dump file ${OBJECT} ${Array.from({ length: 17 }, (_, i) => `root_id ${i}`).join(" ")}`,
    `dump file ${OBJECT} format d`,
    `dump file ${OBJECT} unknown`,
    `dump file ${OBJECT} file`,
    "dump file /no/such/file",
    "dump id x",
    "dump nowhere 1",
  ]) {
    test(words, () => sameAsBpftool("btf", ...words.split(" ")));
  }

  test("BTF on a base", (t) => {
    const { base, split } = splitBtf(t);
    sameAsBpftool("-B", base, "btf", "dump", "file", split);
    sameAsBpftool("-B", base, "btf", "dump", "file", split, "root_id", "1");
    sameAsBpftool("-B", base, "btf", "dump", "file", split, "format", "c", "unsorted");
    sameAsBpftool("-B", base, "btf", "dump", "file", split, "format", "c");
  });

  test("several files on a base are merged, each type once", (t) => {
    const { base, split, other } = splitBtf(t);
    sameAsBpftool("-B", base, "btf", "dump", "file", split, "file", other, "file", split);
    sameAsBpftool("-B", base, "btf", "dump", "file", split, "file", other, "format", "c");
    sameAsBpftool("btf", "dump", "file", OBJECT, "file", OBJECT);
    sameAsBpftool("-B", base, "btf", "dump", "file", split, "file", "/no/such/file");
    sameAsBpftool("-B", base, "btf", "dump", ...Array.from({ length: 65 }, () => ["file", split]).flat());
  });

  test("vmlinux of sysfs", { skip: existsSync(VMLINUX) ? false : `there is no ${VMLINUX}` }, () => {
    // bpftool notes on standard error that it skips the file, which it does not do.
    for (const style of ["-j", "-p"]) {
      assert.ok(
        bpfts(style, "btf", "dump", "file", VMLINUX).stdout === bpftool(style, "btf", "dump", "file", VMLINUX).stdout,
      );
    }
    for (const words of [
      ["root_id", "3"],
      ["format", "c"],
    ]) {
      const ours = bpfts("btf", "dump", "file", VMLINUX, ...words);
      assert.equal(ours.stderr, "");
      assert.ok(ours.stdout === bpftool("btf", "dump", "file", VMLINUX, ...words).stdout);
    }
  });
});

test("the kernel's file beside others is their base, and a note on standard error says so, but not with -j", {
  skip: existsSync(VMLINUX) ? false : `there is no ${VMLINUX}`,
}, () => {
  const words = ["btf", "dump", "file", VMLINUX, "file", OBJECT, "root_id", "1"];
  assert.equal(bpfts(...words).stderr, `skipping ${VMLINUX} (will be loaded as base)\n`);
  assert.equal(bpfts("-j", ...words).stderr, "");
});

/** Writes BTF with a struct, and BTF of a struct with such a member. */
function splitBtf(t: TestContext): { base: string; split: string; other: string } {
  const directory = withDirectory(t);
  const files = {
    base: join(directory, "base.btf"),
    split: join(directory, "split.btf"),
    other: join(directory, "other.btf"),
  };
  const below = new BtfBuilder();
  const number = below.add(int("int", 4, { signed: true }));
  const inner = below.add({ kind: "struct", name: "inner", size: 4, members: [member("a", number)] });
  const data = below.encode();
  writeFileSync(files.base, data);
  const above = new BtfBuilder({ base: Btf.parse(data) });
  above.add({ kind: "struct", name: "outer", size: 4, members: [member("first", inner)] });
  writeFileSync(files.split, above.encode());
  const third = new BtfBuilder({ base: Btf.parse(data) });
  const pointer = third.add({ kind: "ptr", name: "", type: inner });
  third.add({ kind: "struct", name: "holder", size: 8, members: [member("to", pointer)] });
  third.add({ kind: "struct", name: "outer", size: 4, members: [member("first", inner)] });
  writeFileSync(files.other, third.encode());
  return files;
}

describe("BTF of the kernel like bpftool's", { skip: lacking("tool:bpftool") }, () => {
  test("programs and maps", () => {
    using object = loadObject(OBJECT);
    const program = `${object.program("egress").id}`;
    const map = `${object.map("counts").id}`;
    const btf = `${object.program("egress").info().btfId}`;
    for (const words of [
      `prog id ${program}`,
      `prog id ${program} format c`,
      `map id ${map}`,
      `map id ${map} format c`,
      `map id ${map} key`,
      `map id ${map} val format c`,
      `map id ${map} kv`,
      `map id ${map} all root_id 1`,
      `map id ${map} root_id 1`,
      `id ${btf} root_id 2`,
      "id 1 root_id 1",
      "map id 4294967295",
      "prog id 4294967295",
    ]) {
      sameAsBpftool("btf", "dump", ...words.split(" "));
    }
    const shown = JSON.parse(bpfts("-j", "btf", "show", "id", btf).stdout);
    const { pids, ...rest } = shown;
    assert.deepEqual(rest, JSON.parse(bpftool("-j", "btf", "show", "id", btf).stdout));
    assert.ok(rest.prog_ids.includes(Number(program)) && rest.map_ids.includes(Number(map)));
  });

  for (const words of ["show id 1", "list id 0x1", "show id 4294967295", "show id x", "show it 1"]) {
    test(words, () => sameAsBpftool("btf", ...words.split(" ")));
  }
});

test("btf show lists the kernel's own BTF and that of programs, with who holds it", () => {
  using object = loadObject(OBJECT);
  const id = object.program("egress").info().btfId;
  const all = JSON.parse(bpfts("-j", "btf", "show").stdout) as { id: number; kernel: boolean; name?: string }[];
  assert.ok(all.some(({ kernel, name }) => kernel && name === "vmlinux"));
  const own = all.find((btf) => btf.id === id);
  assert.equal(own?.kernel, false);
  assert.equal(own?.name, undefined);
  assert.match(
    bpfts("btf", "show").stdout,
    new RegExp(`^${id}: name <anon>  size \\d+B  prog_ids [\\d,]+  map_ids [\\d,]+$`, "m"),
  );
});

test("a word that is missing or one too many is an error that names it", () => {
  assert.deepEqual(failure("btf", "dump"), { line: "Error: 'dump' needs at least 2 arguments, 0 found\n", code: 255 });
  assert.match(failure("btf", "dump", "file", OBJECT, "root_id").line, / root_id' needs a number/);
  assert.match(failure("btf", "dump", "file", OBJECT, "format").line, /expecting value for 'format' option/);
});

test("a file without BTF is an error that says what is wrong with it, with the exit code of an invalid argument", (t) => {
  const directory = withDirectory(t);
  const damaged = join(directory, "damaged");
  writeFileSync(damaged, Uint8Array.of(0x9f, 0xeb, 1, 0));
  for (const [file, expected] of [
    [process.execPath, /has no section \.BTF/],
    ["README.md", /README\.md/],
    [damaged, /damaged/],
    [directory, /is a directory|illegal operation on a directory/i],
  ] as const) {
    const { line, code } = failure("btf", "dump", "file", file);
    assert.match(line, expected);
    assert.notEqual(code, 255);
  }
});

test("a type that the BTF refers to and does not have is an error before anything is printed", (t) => {
  const builder = new BtfBuilder();
  builder.add({ kind: "ptr", name: "", type: 77 });
  const file = join(withDirectory(t), "wrong.btf");
  writeFileSync(file, builder.encode());
  for (const form of ["raw", "c"]) {
    const { line, code } = failure("btf", "dump", "file", file, "format", form);
    assert.match(line, /type 77/);
    assert.equal(code, 234);
  }
});

describe("names and differences", () => {
  test("btf dump … type prints the type, in C, with what it needs", () => {
    const { stdout } = bpfts("btf", "dump", "file", OBJECT, "type", "struct flow");
    assert.match(stdout, /\nstruct flow \{\n/);
    assert.match(stdout, /typedef unsigned char u8;/);
    assert.match(
      bpfts("btf", "dump", "file", OBJECT, "type", "flow", "format", "raw").stdout,
      /^\[\d+\] STRUCT 'flow'/,
    );
    assert.match(
      failure("btf", "dump", "file", OBJECT, "type", "flaw").line,
      /there is no type 'flaw'; similar names are: flow/,
    );
    assert.match(failure("btf", "dump", "file", OBJECT, "root_id", "1", "type", "flow").line, /cannot use type/);
  });

  test("btf find shows where a name is, and says how many more there are", () => {
    const { stdout } = bpfts("btf", "find", "flow.*", "file", OBJECT, "limit", "1");
    assert.match(
      stdout,
      /^KIND {4}NAME .*\nmember {2}flow\.\w+ +\d+ +\d+ +counter\.bpf\.o \[\d+\] .*\n\d+ more: 'limit \d+' shows them\n$/,
    );
    const { total, found } = JSON.parse(bpfts("-j", "btf", "find", "flow.*", "file", OBJECT).stdout);
    assert.equal(total, found.length);
    assert.match(
      failure("btf", "find", "no_such_name", "file", OBJECT).line,
      /no name matches .*'\*no_such_name\*' finds/,
    );
  });

  test("btf find looks in the kernel", { skip: existsSync(VMLINUX) ? false : `there is no ${VMLINUX}` }, () => {
    assert.match(
      bpfts("btf", "find", "task_struct.pid").stdout,
      /\nmember {2}task_struct\.pid {2}4 +\d+ +vmlinux \[\d+\] {2}pid_t\n/,
    );
  });

  test("btf diff shows what changed, in text and JSON, and nothing between equal files", () => {
    const other = "test/bpf/maps-nested.bpf.o";
    assert.equal(bpfts("btf", "diff", OBJECT, OBJECT).stdout, "");
    assert.deepEqual(JSON.parse(bpfts("-j", "btf", "diff", OBJECT, OBJECT).stdout), []);
    assert.match(bpfts("btf", "diff", OBJECT, other, "flow").stdout, /^- struct flow\n$/);
    const [flow] = JSON.parse(bpfts("-j", "btf", "diff", other, OBJECT, "flow").stdout);
    assert.deepEqual(flow, { kind: "struct", name: "flow", change: "added" });
  });
});
