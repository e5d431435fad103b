// The command lines of command-lines/table.ts, run by bpftool and by us on the same objects: the same text, the same
// JSON, the same exit code. What bpftool says is recorded in test/golden/command-lines.json (by
// scripts/record-command-lines.sh), so that the comparison is made where bpftool is not there, too.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bpftool, bpfts, hasPeer, type Ran } from "../cli/run.ts";
import { type Stage, stage } from "./command-lines/setup.ts";
import { type CommandLine, GROUPS } from "./command-lines/table.ts";

const GOLDEN = "test/golden/command-lines.json";
const RECORD = process.env.RECORD_GOLDEN === "1";
/** Only the groups whose name has this in it: all of them take minutes. */
const ONLY = process.env.COMMAND_LINES;
const KERNEL = release().split(".").slice(0, 2).join(".");

/** What both say to a command line; `ours` only where it is meant to be something else. */
interface Recorded {
  readonly bpftool: Ran;
  readonly ours?: Ran;
}

const golden: { kernel: string; lines: Record<string, Recorded> } = existsSync(GOLDEN)
  ? JSON.parse(readFileSync(GOLDEN, "utf8"))
  : { kernel: KERNEL, lines: {} };
const compatibility = readFileSync("docs/compatibility.md", "utf8");

/** Libbpf's own lines, the verifier's log and our short diagnosis, which stand before the error's line. */
function withoutLog(text: string): string {
  return text
    .replace(/^libbpf: prog '[^']*': -- BEGIN PROG LOAD LOG --\n[\s\S]*?-- END PROG LOAD LOG --\n/gm, "")
    .replace(/^prog '[^']*': -- BEGIN PROG LOAD LOG --\n[\s\S]*?-- END PROG LOAD LOG --\n/gm, "")
    .replace(/^BPF-E\d{4}: .*\n(?: {2}(?:why|what to do|more): .*\n)+/gm, "")
    .replace(/^libbpf: .*\n/gm, "");
}

/** Of a listing of all programs those of the stage. */
function ownOnly(text: string, ids: ReadonlySet<number>): string {
  if (!text.startsWith("[")) {
    return text
      .split(/^(?=\d)/m)
      .filter((block) => ids.has(Number.parseInt(block, 10)))
      .join("");
  }
  const all = JSON.parse(text) as { id: number }[];
  const pretty = text.startsWith("[{\n");
  return JSON.stringify(
    all.filter(({ id }) => ids.has(id)),
    undefined,
    pretty ? 4 : undefined,
  );
}

/** Takes out what differs from load to load, from run to run and from machine to machine. */
function normalise(text: string, stage: Stage, own: ReadonlyMap<string, string>): string {
  let out = text;
  const values = [...own, ...stage.names].sort(([, a], [, b]) => b.length - a.length);
  for (const [name, value] of values) {
    if (/\.(hex|octal)$/.test(name)) continue;
    // A number alone stands for many things: numbers are taken out below, where they are ids.
    if (/^\d+$/.test(value) && name !== "value") continue;
    out = out.replaceAll(value, `{${/\.tag$/.test(name) ? "tag" : name}}`);
  }
  return (
    out
      .replace(/^\d+: (?=\w+ {2})/gm, "{id}: ")
      .replace(/"id": ?\d+/g, '"id":{id}')
      .replace(/(?<=[\s(,]ids? )\d+(, \d+)*/g, "{id}")
      .replace(/map_ids [\d,]+/g, "map_ids {ids}")
      .replace(/"map_ids": ?\[[\d,\s]+\]/g, '"map_ids":{ids}')
      .replace(/btf_id \d+/g, "btf_id {id}")
      .replace(/"btf_id": ?\d+/g, '"btf_id":{id}')
      .replace(/map\[id:\d+\]/g, "map[id:{id}]")
      .replace(/loaded_at \S+/g, "loaded_at {time}")
      .replace(/"loaded_at": ?\d+/g, '"loaded_at":{time}')
      .replace(/tag [0-9a-f]{16}/g, "tag {tag}")
      .replace(/"tag": ?"[0-9a-f]{16}"/g, '"tag":"{tag}"')
      .replace(/bpf_prog_[0-9a-f]{16}/g, "bpf_prog_{tag}")
      // Where the kernel's functions and variables are differs between builds of one version.
      .replace(/(call \w+)#-?\d{4,}/g, "$1#{offset}")
      .replace(/\b0xffffffff[0-9a-f]{8}\b/g, "{address}")
      .replace(/ jited \d+B/g, " jited {size}")
      .replace(/"bytes_jited": ?\d+/g, '"bytes_jited":{size}')
      .replace(/duration(.*?): ?\d+ns/g, "duration$1: {time}")
      .replace(/"duration": ?\d+/g, '"duration":{time}')
  );
}

function withoutTime(ran: Ran): Ran {
  return { ...ran, stdout: ran.stdout.replace(/loaded_at \S+/g, "").replace(/("loaded_at": ?)\d+/g, "") };
}

/** What is pinned below a directory, one path a line. */
function list(directory: string): Ran {
  const files = existsSync(directory) ? readdirSync(directory, { recursive: true }) : [];
  return {
    stdout: files
      .sort()
      .map((name) => `${name}\n`)
      .join(""),
    stderr: "",
    code: 0,
  };
}

/** Runs the commands of a line one after another, until one fails; what they print is put together. */
function runLine(line: string, words: ReadonlyMap<string, string>, tool: (...args: string[]) => Ran): Ran {
  let all: Ran = { stdout: "", stderr: "", code: 0 };
  for (const command of line.split(" ; ")) {
    const args = command.split(" ").map((word) =>
      word.replace(/\{([^}]+)\}/g, (_, name: string) => {
        const value = words.get(name);
        assert.ok(value !== undefined, `${line}: nothing is called ${name}`);
        return value;
      }),
    );
    const args2 = args.map((word) => (word === "''" ? "" : word));
    const one = args2[0] === "ls" ? list(args2[1] ?? "") : tool(...args2);
    all = { stdout: all.stdout + one.stdout, stderr: all.stderr + withoutLog(one.stderr), code: one.code };
    if (one.code !== 0) break;
  }
  return all;
}

/**
 * Programs are printed as the kernel has them, which differs between kernels, and machine code between machines;
 * encoded instructions have the ids of maps in them.
 */
function recordable({ line, local }: CommandLine): boolean {
  return local !== true && !/\bo(pc(odes)?)?\b/.test(line);
}

let count = 0;

function compare(row: CommandLine, stage: Stage): void {
  const { line, differs } = row;
  const run = (who: string, tool: (...args: string[]) => Ran): { exact: Ran; general: Ran } => {
    count += 1;
    // What a line makes, it makes in a place of its own.
    const own = new Map([
      ["new", join(stage.bpffs, `${who}${count}`)],
      ["out", join(stage.directory, `${who}${count}`)],
    ]);
    if (line.includes("{new}")) mkdirSync(own.get("new") as string);
    const ran = runLine(line, new Map([...stage.names, ...own]), tool);
    if (line.includes("{new}")) rmSync(own.get("new") as string, { recursive: true });
    const exact = row.all === true ? { ...ran, stdout: ownOnly(ran.stdout, stage.programIds) } : ran;
    const general = {
      stdout: normalise(exact.stdout, stage, own),
      stderr: normalise(exact.stderr, stage, own),
      code: exact.code,
    };
    return { exact, general };
  };
  const ours = run("ours", bpfts);
  // Whatever happens, JSON is asked for and one value of JSON is given.
  if (/^-[a-zA-Z]*[jp]/.test(line) && row.all !== true && !line.includes(" ; ")) JSON.parse(ours.exact.stdout);
  if (hasPeer) {
    const theirs = run("peer", bpftool);
    const changes = /\{new\}|\{out\}| run | r | attach | detach /.test(line);
    if (differs === undefined) {
      // What is only looked at is the same byte for byte, but for the time: each run works it out from two clocks.
      if (changes) assert.deepEqual(ours.general, theirs.general, line);
      else assert.deepEqual(withoutTime(ours.exact), withoutTime(theirs.exact), line);
    } else assert.notDeepEqual(ours.general, theirs.general, `${line}: does not differ`);
    if (RECORD && recordable(row)) {
      golden.lines[line] = { bpftool: theirs.general, ...(differs === undefined ? {} : { ours: ours.general }) };
    }
  }
  if (!recordable(row) || golden.kernel !== KERNEL) return;
  const recorded = golden.lines[line];
  assert.ok(recorded !== undefined, `${line}: not recorded, run scripts/record-command-lines.sh`);
  assert.deepEqual(ours.general, recorded.ours ?? recorded.bpftool, `${line}, as recorded`);
}

test("command lines of prog", async (t) => {
  const objects = stage(t);
  for (const [group, rows] of Object.entries(GROUPS)) {
    if (ONLY !== undefined && !group.includes(ONLY)) continue;
    await t.test(group, () => {
      const failures: unknown[] = [];
      for (const row of rows) {
        try {
          compare(row, objects);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
    });
  }
});

test("the table has at least 150 command lines, each difference is documented, and nothing is recorded in vain", () => {
  const rows = Object.values(GROUPS).flat();
  assert.ok(rows.length >= 150, `${rows.length}`);
  assert.equal(new Set(rows.map(({ line }) => line)).size, rows.length, "no line twice");
  for (const { line, differs } of rows) {
    if (differs !== undefined) assert.ok(compatibility.includes(differs), `${line}: ${differs} is not documented`);
  }
  const known = new Set(rows.map(({ line }) => line));
  for (const line of Object.keys(golden.lines)) {
    if (RECORD && !known.has(line)) delete golden.lines[line];
    else assert.ok(known.has(line), `${line} is recorded, and not in the table`);
  }
  if (RECORD) {
    const lines = Object.fromEntries(rows.filter(recordable).map(({ line }) => [line, golden.lines[line]]));
    writeFileSync(GOLDEN, `${JSON.stringify({ kernel: KERNEL, lines }, null, 2)}\n`);
  }
});
