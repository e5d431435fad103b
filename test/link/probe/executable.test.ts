import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findFunction, readUsdtNotes } from "../../../src/elf/index.ts";
import { BpfError } from "../../../src/errors/index.ts";
import { attachUprobe, KernelLink } from "../../../src/link/index.ts";
import { openExecutable, resolveBinary } from "../../../src/link/probe/executable.ts";
import { traced } from "../tracing-object.ts";

const TARGET = "test/link/probe/usdt/target-fixed";

/** A zip archive of one file; `method` 0 is uncompressed. */
function zip(name: string, data: Uint8Array, method = 0): Buffer {
  const path = Buffer.from(name);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(method, 8);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(data.length, 22);
  local.writeUInt16LE(path.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(method, 10);
  entry.writeUInt32LE(data.length, 20);
  entry.writeUInt32LE(data.length, 24);
  entry.writeUInt16LE(path.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length + path.length, 12);
  end.writeUInt32LE(local.length + path.length + data.length, 16);
  return Buffer.concat([local, path, data, entry, path, end, Buffer.from("a comment")]);
}

test("a library in an archive: its place in the archive is probed", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-zip-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const archive = join(directory, "app.apk");
  const data = readFileSync(TARGET);
  writeFileSync(archive, zip("lib/target", data));
  const { path, elf, start } = openExecutable(`${archive}!/lib/target`);
  assert.deepEqual([path, start], [archive, 30 + "lib/target".length]);
  const offset = findFunction(elf, "probes").offset;
  assert.equal(offset, findFunction(openExecutable(TARGET).elf, "probes").offset);
  {
    const { program } = traced(t, "on_uprobe_anywhere");
    using link = attachUprobe(program, { binary: `${archive}!/lib/target`, symbol: "probes" });
    if (link instanceof KernelLink) {
      const info = link.info();
      assert.ok(info.kind === "perf_event");
      if (info.event.kind === "uprobe") {
        assert.deepEqual([info.event.fileName, info.event.offset], [archive, start + offset]);
      }
    }
  }
  const refused: readonly [content: Uint8Array, name: string, message: RegExp][] = [
    [zip("lib/target", data), "lib/other", /app\.apk has no file lib\/other/],
    [zip("lib/target", data, 8), "lib/target", /is compressed: no process can map it from there/],
    [data, "lib/target", /not a zip archive/],
    [zip("lib/target", data).subarray(100), "lib/target", /./],
    [Buffer.from("PK"), "lib/target", /not a zip archive|truncated/],
  ];
  for (const [content, name, message] of refused) {
    writeFileSync(archive, content);
    assert.throws(
      () => openExecutable(`${archive}!/${name}`),
      (error) => error instanceof BpfError && message.test(error.message),
    );
  }
});

test("names are searched for as libbpf does", () => {
  assert.match(resolveBinary("libc.so.6"), /\/libc\.so\.6$/);
  assert.match(resolveBinary("sh"), /\/sh$/);
  assert.equal(resolveBinary("./x"), "./x");
  for (const name of ["", "libnope.so", "nope-nope"]) assert.throws(() => resolveBinary(name), BpfError);
});

test("of a large program only what is needed is read, and no less", () => {
  const { elf } = openExecutable(process.execPath);
  assert.ok(findFunction(elf, "main").offset > 0);
  assert.deepEqual(readUsdtNotes(openExecutable(TARGET).elf).length, 5);
});
