import assert from "node:assert/strict";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findFunction, readUsdtNotes } from "../../../src/elf/index.ts";
import { BpfError, FormatError } from "../../../src/errors/index.ts";
import { attachUprobe, KernelLink } from "../../../src/link/index.ts";
import { openExecutable, resolveBinary } from "../../../src/link/probe/open-executable.ts";
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
    [zip("lib/target", data, 8), "lib/target", /is compressed, so no process can map it from there/],
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

/** A copy of the target as a sparse file, in which `change` may move things. */
function sparseCopy(t: TestContext, size: number, change: (headers: DataView, sections: number) => void): string {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-sparse-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const data = new Uint8Array(readFileSync(TARGET));
  const view = new DataView(data.buffer);
  change(view, Number(view.getBigUint64(40, true)));
  const path = join(directory, "program");
  const fd = openSync(path, "w");
  try {
    writeSync(fd, data);
    ftruncateSync(fd, size);
  } finally {
    closeSync(fd);
  }
  return path;
}

test("a program of 20 GB: the same functions and USDTs, of which little is read", (t) => {
  const path = sparseCopy(t, 20e9, () => {});
  const { elf } = openExecutable(path);
  const known = openExecutable(TARGET).elf;
  assert.equal(findFunction(elf, "probes").offset, findFunction(known, "probes").offset);
  assert.deepEqual(readUsdtNotes(elf), readUsdtNotes(known));
});

test("section headers behind 4 GB are read where they are", (t) => {
  const at = 5_000_000_000;
  let table: Uint8Array = new Uint8Array();
  const path = sparseCopy(t, at + 65536, (headers, sections) => {
    table = new Uint8Array(headers.buffer.slice(sections));
    headers.setBigUint64(40, BigInt(at), true);
  });
  const fd = openSync(path, "r+");
  writeSync(fd, table, 0, table.length, at);
  closeSync(fd);
  assert.equal(
    findFunction(openExecutable(path).elf, "probes").offset,
    findFunction(openExecutable(TARGET).elf, "probes").offset,
  );
});

test("sections that claim gigabytes are refused, those that overlap are read once", (t) => {
  const huge = sparseCopy(t, 20e9, (headers, sections) => {
    for (let i = 1; i < headers.getUint16(60, true); i++)
      headers.setBigUint64(sections + i * 64 + 32, 15_000_000_000n, true);
  });
  assert.throws(
    () => openExecutable(huge),
    (error) => error instanceof FormatError && /take more than 1073741824 bytes/.test(error.message),
  );
  // Each of 65,000 string tables is the whole file of 100 MB: read one by one they would take 6.5 TB.
  const count = 65_000;
  const size = 100_000_000;
  const path = sparseCopy(t, size, (headers) => {
    headers.setBigUint64(40, 1_000_000n, true);
    headers.setUint16(60, count, true);
    headers.setUint16(62, 0, true);
  });
  const table = new DataView(new ArrayBuffer(count * 64));
  for (let i = 1; i < count; i++) {
    table.setUint32(i * 64 + 4, 3, true);
    table.setBigUint64(i * 64 + 32, BigInt(size), true);
  }
  const fd = openSync(path, "r+");
  writeSync(fd, new Uint8Array(table.buffer), 0, table.byteLength, 1_000_000);
  closeSync(fd);
  assert.equal(openExecutable(path).elf.sections.length, count);
});

test("the directory of a sparse archive", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-sparse-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(3_000_000_000, 12);
  const path = join(directory, "app.apk");
  const fd = openSync(path, "w");
  writeSync(fd, end, 0, end.length, 4_000_000_000);
  closeSync(fd);
  assert.throws(
    () => openExecutable(`${path}!/lib/x`),
    /directory is too large: it has 3000000000 bytes, and bpfts reads at most 67108864$/,
  );
});
