// `prog loadall`, `prog show`, `prog dump` of ours against bpftool's, on the programs that a kernel may have: those of
// trampolines, kprobes and security modules, too, which not every machine can load. bpftool does many commands in one
// start here, so that a machine under emulation can run it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BpfError } from "../../src/errors/index.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";
import { loadObject } from "../../src/load/index.ts";
import { progInfo } from "../../src/sys/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { lacking } from "../support/feature.ts";
import { infoAt, programFacts } from "./facts.ts";
import { peer, pins } from "./peer.ts";

/** Objects of test/bpf with what they need of the kernel beside what 5.10 has. */
const OBJECTS: Readonly<Record<string, readonly FeatureName[]>> = {
  minimal: [],
  counter: [],
  functions: [],
  "core-fields": [],
  "maps-nested": [],
  "sections-trace": [],
  callbacks: ["call:callback"],
  "isa-v4": ["insn:v4"],
  kfuncs: ["call:module_kfunc"],
  "sections-probe": ["attach:kprobe", "attach:uprobe_sleepable"],
  "sections-fentry": ["attach:fentry"],
  "sections-fexit": ["attach:fentry"],
  "sections-fmod-ret": ["attach:fmod_ret"],
  "sections-lsm": ["attach:lsm"],
  "sections-lsm-cgroup": ["attach:lsm_cgroup"],
};
/** Programs of links-tracing, which bpftool does not load by itself: loaded by us, and shown and printed by both. */
const MORE: Readonly<Record<string, FeatureName>> = {
  on_fentry: "attach:fentry",
  on_fexit: "attach:fentry",
  on_fmod_ret: "attach:fmod_ret_test",
  on_fsession: "attach:fsession",
  on_fentry_multi: "link:tracing_multi",
  on_lsm: "attach:lsm",
  on_kprobe: "attach:kprobe",
  on_kprobe_multi: "link:kprobe_multi",
  on_kprobe_session: "link:kprobe_session",
};
const STYLES = [[], ["-j"], ["-p"]] as const;
/** Of each object so many programs: printing takes the kernel long. */
const PRINTED = 2;

function bpfts(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/bin/bpfts.js", ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.deepEqual([status, stderr], [0, ""], words.join(" "));
  return stdout;
}

/** What a style's output of several commands is when bpftool does them in one start. */
function together(style: string | undefined, commands: readonly (readonly string[])[]): string {
  const outputs = commands.map((words) => bpfts(...(style === undefined ? [] : [style]), ...words));
  if (style === undefined) return outputs.join("");
  return JSON.stringify(commands.map((command, i) => ({ command, output: JSON.parse(outputs[i] as string) })));
}

/** What bpftool says to several commands, of which one that fails is the last. */
function batch(t: TestContext, style: string | undefined, commands: readonly (readonly string[])[]): Said {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-batch-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "commands");
  writeFileSync(file, `${commands.map((words) => words.join(" ")).join("\n")}\n`);
  const { output, problems } = peer(...(style === undefined ? [] : [style]), "batch", "file", file);
  // At the file's end it says what some call before has left in errno.
  return { output, problems: problems.replace(/^Error: reading batch file failed: .*\n$/, "") };
}

interface Said {
  readonly output: string;
  readonly problems: string;
}

/** bpftool's output of several commands. */
function theirs(t: TestContext, style: string | undefined, commands: readonly (readonly string[])[]): string {
  const { output, problems } = batch(t, style, commands);
  assert.equal(problems, "");
  if (style !== undefined) return JSON.stringify((JSON.parse(output) as unknown[]).slice(0, commands.length));
  return output.replace(/processed \d+ commands\n$/, "");
}

/** Loads objects by bpftool. Returns those that it loads; what it refuses on this kernel we refuse, too. */
function loadTheirs(t: TestContext, objects: readonly string[], words: (object: string) => string[]): string[] {
  const loaded = [...objects];
  for (let rest = objects; rest.length > 0; ) {
    const { problems } = batch(t, undefined, rest.map(words));
    if (problems === "") break;
    const refused = rest.find((object) => !existsSync(words(object)[3] as string));
    assert.ok(refused !== undefined, problems);
    assert.throws(() => loadObject(`test/bpf/${refused}.bpf.o`).close(), BpfError, problems);
    t.diagnostic(`bpftool and bpfts refuse ${refused} here: ${problems.split("\n")[0]}`);
    loaded.splice(loaded.indexOf(refused), 1);
    rest = rest.slice(rest.indexOf(refused) + 1);
  }
  return loaded;
}

test("programs are loaded, shown and printed as bpftool does", { skip: lacking("tool:bpftool") }, async (t) => {
  const bpffs = withBpffs(t);
  const place = (whose: string, object: string): string => join(bpffs, whose, object.replaceAll("-", "_"));
  const known: string[] = [];
  for (const [object, features] of Object.entries(OBJECTS)) {
    const reason = lacking(...features);
    if (reason === false) known.push(object);
    else await t.test(object, { skip: reason }, () => {});
  }
  const load = (whose: string, object: string): string[] => [
    ...["prog", "loadall", `test/bpf/${object}.bpf.o`, place(whose, object)],
  ];
  for (const whose of ["ours", "theirs"]) mkdirSync(join(bpffs, whose));
  const objects = loadTheirs(t, known, (object) => load("theirs", object));
  for (const object of objects) assert.equal(bpfts(...load("ours", object)), "");
  for (const [name, feature] of Object.entries(MORE)) {
    if (lacking(feature) !== false) continue;
    using object = loadObject("test/bpf/links-tracing.bpf.o", { programs: [name] });
    object.programs[name]?.pin(join(place("ours", "more"), name));
  }

  for (const object of objects) {
    await t.test(`${object}: loaded`, () => {
      const names = pins(place("theirs", object));
      assert.ok(names.length > 0);
      assert.deepEqual(pins(place("ours", object)), names);
      const facts = (whose: string): unknown[] =>
        names.map((name) => programFacts(infoAt(join(place(whose, object), name), progInfo)));
      assert.deepEqual(facts("ours"), facts("theirs"));
    });
  }

  const printed = [...objects, "more"].flatMap((object) => {
    const directory = place("ours", object);
    return pins(directory).map((name, i) => ({ handle: ["pinned", join(directory, name)], whole: i < PRINTED }));
  });
  const show = printed.map(({ handle }) => ["prog", "show", ...handle]);
  const dump = (...options: string[]): string[][] =>
    printed.filter(({ whole }) => whole).map(({ handle }) => ["prog", "dump", "xlated", ...handle, ...options]);
  for (const [style] of STYLES) {
    const dumps = style === undefined ? [...dump(), ...dump("linum")] : style === "-j" ? dump("opcodes", "linum") : [];
    await t.test(`prog show and dump xlated ${style ?? ""}`, (s) => {
      const commands = [...show, ...dumps];
      assert.equal(together(style, commands), theirs(s, style, commands));
    });
  }

  await t.test("the pretty JSON, byte for byte", () => {
    const words = ["-p", ...(show[0] as string[])];
    assert.equal(bpfts(...words), peer(...words).output);
  });

  // Debian's bpftool is built without a disassembler: the kernel's own bytes are what is compared.
  await t.test("dump jited: the kernel's machine code, each byte of it in an instruction", (s) => {
    const directory = mkdtempSync(join(tmpdir(), "bpfts-jited-"));
    s.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "code");
    for (const { handle } of printed.filter(({ whole }) => whole)) {
      const { jited_prog_insns: code } = infoAt(handle[1] as string, (fd) => progInfo(fd, { jited_prog_insns: true }));
      bpfts("prog", "dump", "jited", ...handle, "file", file);
      assert.deepEqual(new Uint8Array(readFileSync(file)), code);
      const functions = JSON.parse(bpfts("-j", "prog", "dump", "jited", ...handle, "opcodes")) as {
        insns: { operation: string; opcodes: string[] }[];
      }[];
      const insns = functions.flatMap((one) => one.insns);
      assert.deepEqual(Uint8Array.from(insns.flatMap(({ opcodes }) => opcodes).map(Number)), code);
      assert.ok(insns.every(({ operation }) => operation !== "(bad)"));
    }
  });
});
