// Tests the pure rooms on a big-endian machine: `npm run test:s390x [-- --vm]`.
//
// Runs the unit tests of the pure rooms, and reads every object in test/bpf, under Debian's Node for s390x, which
// qemu-user emulates. Compares the results with those of this machine's Node. With `--vm`, also boots Debian's kernel
// for s390x, whose BTF is big-endian, and compares what is read from this BTF there and here.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bringForeignRoot } from "./foreign-root.ts";
import { inTurns } from "./in-turns.ts";
import { bringKernels } from "./kernels.ts";
import { runInMachine } from "./machine.ts";
import { requirePrograms } from "./requirements.ts";
import { parseResults, type TestResult } from "./results.ts";
import { ROOMS } from "./rooms.ts";

const PURE_ROOMS = ROOMS.filter(({ name, pure }) => pure && existsSync(`.build/test/${name}`)).map(({ name }) => name);
/**
 * These tests would take minutes under emulation: they read this machine's vmlinux BTF, or thousands of damaged files.
 */
const LEFT_OUT = /\/(vmlinux|hostile|hostile-input)\.test\.js$/;

/** The command line that starts a Node. */
type Node = readonly string[];

interface Outcome {
  readonly code: number;
  readonly text: string;
}

function run([program = "", ...words]: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, text }));
  });
}

async function testsOf(node: Node, room: string, folder: string): Promise<TestResult[]> {
  const files = readdirSync(`.build/test/${room}`, { recursive: true, encoding: "utf8" })
    .map((name) => `.build/test/${room}/${name}`)
    .filter((file) => file.endsWith(".test.js") && !LEFT_OUT.test(file));
  const results = join(folder, `${node.length}-${room}`);
  const options = ["--jobs", "1", "--node", node.join(" "), "--results", results];
  const { code, text } = await run([process.execPath, "scripts/test.mjs", ...options, ...files]);
  if (code !== 0) process.stdout.write(text);
  return parseResults(readFileSync(results, "utf8"));
}

/** Returns the lines of `from` that `other` does not have. */
function missing(from: readonly string[], other: readonly string[]): string[] {
  const there = new Set(other);
  return from.filter((line) => !there.has(line));
}

function compare(what: string, here: readonly string[], there: readonly string[]): boolean {
  const differences = [
    ...missing(here, there).map((line) => `  only here:  ${line}`),
    ...missing(there, here).map((line) => `  only there: ${line}`),
  ];
  const verdict = here.length > 0 && differences.length === 0 ? "the same" : "DIFFERENT";
  process.stdout.write(
    [`${what}: ${here.length} here, ${there.length} on s390x: ${verdict}`, ...differences, ""].join("\n"),
  );
  return verdict === "the same";
}

async function compareTests(emulated: Node, folder: string): Promise<boolean> {
  const verdicts = await inTurns(PURE_ROOMS, 2, async (room) => {
    const here = await testsOf([process.execPath], room, folder);
    const there = await testsOf(emulated, room, folder);
    const lines = (tests: TestResult[]): string[] => tests.map(({ status, name }) => `${status} ${name}`);
    return compare(`tests of ${room}`, lines(here), lines(there)) && !there.some(({ status }) => status === "failed");
  });
  return verdicts.every((isSame) => isSame);
}

async function compareDigests(emulated: Node, files: readonly string[]): Promise<boolean> {
  const digest = (node: Node): Promise<Outcome> => run([...node, ".build/scripts/vm/digest.js", ...files]);
  const [here, there] = await Promise.all([digest([process.execPath]), digest(emulated)]);
  return compare("digests of objects", here.text.trimEnd().split("\n"), there.text.trimEnd().split("\n"));
}

/**
 * Compares what the s390x machine and this machine read from the machine's own BTF. The machine sends back the BTF and
 * the digest of what it read.
 */
async function compareNativeBtf(folder: string): Promise<boolean> {
  const [kernel] = bringKernels(["s390x"]);
  if (kernel === undefined) return false;
  const out = join(folder, "out");
  // Without `--no-opt`, Node 24 crashes under qemu 7.2.
  const script =
    "cp /sys/kernel/btf/vmlinux /out/ && node --no-opt .build/scripts/vm/digest.js /out/vmlinux >/out/digest";
  const code = await runInMachine({ kernel, command: [script], timeout: 400, out });
  if (code !== 0 || !existsSync(join(out, "digest"))) return false;
  const blob = join(out, "vmlinux");
  const isBig = readFileSync(blob).readUInt16BE(0) === 0xeb9f;
  process.stdout.write(`vmlinux BTF of ${kernel.release}: ${isBig ? "big-endian" : "NOT big-endian"}\n`);
  const here = execFileSync(process.execPath, [".build/scripts/vm/digest.js", blob], { encoding: "utf8" });
  const there = readFileSync(join(out, "digest"), "utf8");
  return compare("digest of vmlinux BTF", [here.trim()], [there.trim()]) && isBig;
}

const folder = mkdtempSync(join(tmpdir(), "bpfts-s390x-"));
try {
  const withMachine = process.argv.includes("--vm");
  requirePrograms(withMachine ? ["s390x"] : [], ["qemu-s390x"]);
  const root = bringForeignRoot("s390x");
  const emulated = ["qemu-s390x", "-L", root, join(root, "usr/bin/node")];
  const objects = readdirSync("test/bpf").filter((name) => name.endsWith(".bpf.o"));
  const verdicts = [
    await compareTests(emulated, folder),
    await compareDigests(
      emulated,
      objects.map((name) => `test/bpf/${name}`),
    ),
    withMachine ? await compareNativeBtf(folder) : true,
  ];
  process.exitCode = verdicts.every((isSame) => isSame) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
