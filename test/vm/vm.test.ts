import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ArgumentError, parseVmArguments } from "../../scripts/vm/arguments.ts";
import { CpioArchive } from "../../scripts/vm/cpio.ts";
import { commandText, guestInit, MARK } from "../../scripts/vm/guest-init.ts";
import { GuestOutput } from "../../scripts/vm/guest-output.ts";
import { KERNELS } from "../../scripts/vm/kernels.ts";
import { LinePrefix } from "../../scripts/vm/line-prefix.ts";
import { loadOrder } from "../../scripts/vm/modules.ts";
import { isGreen, type KernelResults, parseResults, summary, together } from "../../scripts/vm/results.ts";
import { DEFAULT_FILTER, parseTestArguments } from "../../scripts/vm/test-arguments.ts";

test("npm run vm: a kernel, options before it, a command after it", () => {
  const defaults = { timeout: 180, add: [], verbose: false };
  assert.deepEqual(parseVmArguments(["6.1", "--", "bpfts", "-j", "prog"]), {
    ...defaults,
    kernel: "6.1",
    command: ["bpfts", "-j", "prog"],
  });
  assert.deepEqual(parseVmArguments(["--out", "o", "--timeout", "9", "--add", "a", "--add", "b", "7.2", "ls"]), {
    ...defaults,
    kernel: "7.2",
    command: ["ls"],
    timeout: 9,
    out: "o",
    add: ["a", "b"],
  });
  for (const words of [[], ["6.1"], ["6.1", "--"], ["4.19", "ls"], ["--timeout", "x", "6.1", "ls"], ["--no", "6.1"]]) {
    assert.throws(() => parseVmArguments(words), ArgumentError, words.join(" "));
  }
});

test("npm run test:vm: kernels, then words of test files", () => {
  const defaults = { jobs: 2, timeout: 900, plant: [], filter: DEFAULT_FILTER, again: false };
  assert.deepEqual(parseTestArguments([]), { ...defaults, kernels: KERNELS });
  assert.deepEqual(parseTestArguments(["6.1", "7.3", "6.1"]), { ...defaults, kernels: ["6.1", "7.3"] });
  assert.deepEqual(parseTestArguments(["--", "link", "map"]), {
    ...defaults,
    kernels: KERNELS,
    filter: ["link", "map"],
  });
  assert.deepEqual(parseTestArguments(["--plant", "6.1", "--jobs", "1", "6.1", "--", "link"]), {
    ...defaults,
    jobs: 1,
    plant: ["6.1"],
    kernels: ["6.1"],
    filter: ["link"],
  });
  for (const words of [["link"], ["--jobs", "0"], ["--plant"]]) {
    assert.throws(() => parseTestArguments(words), ArgumentError, words.join(" "));
  }
});

test("modules are loaded after what they depend on, once, and absent ones are built in", () => {
  const needs: Record<string, readonly string[]> = {
    a: ["b", "c"],
    b: ["c-d"],
    c: [],
    c_d: ["gone"],
    e: ["f"],
    f: ["e"],
  };
  const paths = new Map(Object.keys(needs).map((name) => [name, name]));
  const order = (...wanted: string[]): string[] => loadOrder(wanted, paths, (path) => needs[path] ?? []);
  assert.deepEqual(order("a", "b", "absent"), ["c_d", "b", "c", "a"]);
  assert.deepEqual(order("c-d"), ["c_d"]);
  assert.throws(() => order("e"), /depends on itself/);
});

test("an archive holds what was added, with the folders that lead there", () => {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-cpio-"));
  try {
    const archive = new CpioArchive(join(folder, "a"));
    archive.add("/etc/name", "hello", { program: true });
    archive.add("/etc/name", "the first stays");
    archive.addLink("/etc/link", "name");
    archive.close();
    const bytes = readFileSync(join(folder, "a"));
    const entries: { name: string; mode: number; content: string }[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const field = (place: number): number =>
        Number.parseInt(bytes.toString("latin1", offset + 6 + place * 8).slice(0, 8), 16);
      assert.equal(bytes.toString("latin1", offset, offset + 6), "070701");
      const start = offset + Math.ceil((110 + field(11)) / 4) * 4;
      const name = bytes.toString("latin1", offset + 110, offset + 110 + field(11) - 1);
      entries.push({ name, mode: field(1), content: bytes.toString("latin1", start, start + field(6)) });
      offset = start + Math.ceil(field(6) / 4) * 4;
    }
    assert.deepEqual(entries, [
      { name: "etc", mode: 0o040755, content: "" },
      { name: "etc/name", mode: 0o100755, content: "hello" },
      { name: "etc/link", mode: 0o120777, content: "name" },
      { name: "TRAILER!!!", mode: 0, content: "" },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the guest's output is parted however it is cut", () => {
  const whole = `boot\n${MARK}begin 3.5\r\nno end of line${MARK}exit 3\n${MARK}files\nAAAA\nBBBB\n${MARK}end\n`;
  for (let size = 1; size <= whole.length; size++) {
    const [text, boot]: [string[], string[]] = [[], []];
    const output = new GuestOutput(
      (piece) => text.push(piece),
      (piece) => boot.push(piece),
    );
    for (let at = 0; at < whole.length; at += size) output.add(whole.slice(at, at + size));
    assert.equal(text.join(""), "no end of line");
    assert.equal(boot.join(""), "boot\n");
    assert.deepEqual(output.state, { uptime: 3.5, exitCode: 3, files: "AAAA\nBBBB\n" });
  }
});

test("a command's words reach the guest as they are; a single one is a line for the shell", () => {
  assert.equal(commandText(["ls /; exit 3"]), "ls /; exit 3\n");
  assert.equal(commandText(["echo", "it's", "$x"]), "exec 'echo' 'it'\\''s' '$x'\n");
  const init = guestInit({ console: "/dev/ttyS1", modules: ["/lib/a.ko"], returnsFiles: false });
  assert.match(init, /insmod \/lib\/a\.ko/);
  assert.doesNotMatch(init, /base64/);
});

test("lines get their prefix when they are whole", () => {
  const pieces: string[] = [];
  const lines = new LinePrefix("6.1 | ", (text) => pieces.push(text));
  for (const piece of ["a", "b\nc\nd", "", "\n", "end"]) lines.add(piece);
  lines.end();
  assert.equal(pieces.join(""), "6.1 | ab\n6.1 | c\n6.1 | d\n6.1 | end\n");
});

test("a kernel's run is red when a test failed, when nothing ran, and when the machine did not end by itself", () => {
  const tests = parseResults(
    '{"status":"passed","name":"a"}\n{"status":"skipped","name":"b","reason":"needs Linux 6.6"}\n{"st',
  );
  const run: KernelResults = { kernel: "6.1", release: "6.1.0", exitCode: 0, begun: 500, ended: 61_900, tests };
  assert.equal(isGreen(run), true);
  const failed = parseResults('{"status":"failed","name":"c","file":"x.test.js"}');
  for (const red of [
    { ...run, exitCode: 1 },
    { ...run, exitCode: 124 },
    { ...run, tests: [] },
    { ...run, tests: [...tests, ...failed] },
  ]) {
    assert.equal(isGreen(red), false);
  }
  const whole = together([run, { ...run, exitCode: 1, begun: 60_000, ended: 90_000, tests: failed }]);
  assert.deepEqual(whole, { ...run, exitCode: 1, ended: 90_000, tests: [...tests, ...failed] });
  const text = summary([run, { ...run, kernel: "7.2", exitCode: 125, tests: failed }]);
  assert.match(text, /^6\.1 +6\.1\.0 +1 +0 +1 +61 +ok$/m);
  assert.match(text, /^7\.2 .*THE KERNEL DIED$/m);
  assert.match(text, /^needs Linux 6\.6 +1$/m);
  assert.match(text, /^FAILED on 7\.2: c \(x\.test\.js\)$/m);
});
