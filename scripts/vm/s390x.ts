// The pure rooms on a big-endian machine: `npm run test:s390x [-- --vm]`.
//
// The unit tests of the pure rooms run under Debian's Node for s390x, emulated by qemu-user, and so does the reading of
// every object of test/bpf: tests and digests are compared with what this machine's Node says. `--vm` boots Debian's
// kernel for s390x besides and reads its BTF there, the one that is big-endian by birth, and here.
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
/** Minutes under emulation: this machine's vmlinux BTF (the machine below has its own), thousands of damaged files. */
const LEFT_OUT = /\/(vmlinux|hostile|hostile-input)\.test\.js$/;

/** A Node: the words that start it. */
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

/** Lines of the first that the second does not have. */
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
  return compare("what objects say", here.text.trimEnd().split("\n"), there.text.trimEnd().split("\n"));
}

/** The machine sends back its BTF and the digest of what it read in it. */
async function compareNativeBtf(folder: string): Promise<boolean> {
  const [kernel] = bringKernels(["s390x"]);
  if (kernel === undefined) return false;
  const out = join(folder, "out");
  // The optimised code of Node 24 crashes under qemu 7.2.
  const script =
    "cp /sys/kernel/btf/vmlinux /out/ && node --no-opt .build/scripts/vm/digest.js /out/vmlinux >/out/digest";
  const code = await runInMachine({ kernel, command: [script], timeout: 400, out });
  if (code !== 0 || !existsSync(join(out, "digest"))) return false;
  const blob = join(out, "vmlinux");
  const isBig = readFileSync(blob).readUInt16BE(0) === 0xeb9f;
  process.stdout.write(`vmlinux BTF of ${kernel.release}: ${isBig ? "big-endian" : "NOT big-endian"}\n`);
  const here = execFileSync(process.execPath, [".build/scripts/vm/digest.js", blob], { encoding: "utf8" });
  const there = readFileSync(join(out, "digest"), "utf8");
  return compare("what vmlinux BTF says", [here.trim()], [there.trim()]) && isBig;
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
