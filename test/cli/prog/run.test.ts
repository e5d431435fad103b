import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadObject } from "../../../src/load/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { bpftool, bpfts, COMMAND, hasPeer, type Ran } from "../run.ts";

const PACKET = Uint8Array.from({ length: 100 }, (_, i) => (i * 7 + 30) & 0xff);
/** struct numbers { u64 left, right, sum; } */
const NUMBERS = new Uint8Array(24).fill(1, 0, 1).fill(2, 8, 9);

/** The programs of run.bpf.c, pinned, and files with their input. */
function place(t: TestContext): { readonly pin: (name: string) => string; readonly file: (name: string) => string } {
  const bpffs = withBpffs(t);
  const directory = mkdtempSync(join(tmpdir(), "bpfts-run-"));
  t.after(() => rmSync(directory, { recursive: true }));
  using object = loadObject("test/bpf/run.bpf.o");
  for (const [name, program] of Object.entries(object.programs)) program.pin(`${bpffs}/${name}`);
  writeFileSync(join(directory, "packet"), PACKET);
  writeFileSync(join(directory, "numbers"), NUMBERS);
  return { pin: (name) => `${bpffs}/${name}`, file: (name) => join(directory, name) };
}

/** `PACKET`, `NUMBERS` and `OUT` are files; the first word is the program. */
const LINES: Readonly<Record<string, string>> = {
  "a packet": "length data_in PACKET",
  "a packet that is shown": "write data_in PACKET data_out -",
  "a packet and its context, on the average": "mark data_in PACKET data_out - ctx_out - repeat 3",
  "a context, cut words": "mark data_i PACKET ctx_o -",
  "a size": "write data_in PACKET data_out - data_size_out 0x64",
  "output to a file": "write data_in PACKET data_out OUT",
  "too few words": "add repeat",
  "no context where one is needed": "add repeat 2",
  "no packet where one is needed": "length repeat 2",
  "a cut word that could be three": "add data x",
  "a cut word that could be two": "add ctx_ x",
  "an unknown word": "add nonsense x",
  "standard input twice": "add data_in - ctx_in -",
  "a file that is not there": "length data_in /nonexistent/file",
};

function masked({ stdout, stderr, code }: Ran): Ran {
  const mask = (text: string): string =>
    text.replace(/(duration(?: \(average\))?: )\d+ns/, "$1Nns").replace(/("duration": ?)\d+/, "$1N");
  return { stdout: mask(stdout), stderr: mask(stderr), code };
}

for (const [what, line] of Object.entries(LINES)) {
  test(`prog run with ${what}`, (t) => {
    const { pin, file } = place(t);
    const [program = "", ...words] = line.split(" ");
    const args = words.map((word) => (/^[A-Z]+$/.test(word) ? file(word.toLowerCase()) : word));
    for (const style of [[], ["-j"], ["-p"]]) {
      const whole = [...style, "prog", "run", "pinned", pin(program), ...args];
      const ours = masked(bpfts(...whole));
      if (style.length > 0) JSON.parse(ours.stdout.replace(/"duration": ?N/, '"duration":1'));
      if (!hasPeer) continue;
      const written = words.includes("OUT") ? readFileSync(file("out"), "hex") : undefined;
      assert.deepEqual(ours, masked(bpftool(...whole)), whole.join(" "));
      if (written !== undefined) assert.equal(written, readFileSync(file("out"), "hex"));
    }
  });
}

test("prog run of a syscall program shows its context, which bpftool cannot", (t) => {
  const { pin, file } = place(t);
  const ran = JSON.parse(
    bpfts("-j", "prog", "run", "pinned", pin("add"), "ctx_in", file("numbers"), "ctx_out", "-").stdout,
  );
  assert.equal(ran.retval, 42);
  assert.deepEqual(ran.ctx_out.slice(16), [3, 0, 0, 0, 0, 0, 0, 0]);
  assert.match(bpfts("prog", "run", "pinned", pin("length"), "data_in", file("packet")).stdout, /^Return value: 100, /);
});

test("prog run reads standard input", (t) => {
  const { pin } = place(t);
  const { stdout } = spawnSync(process.execPath, [COMMAND, "prog", "run", "pinned", pin("length"), "data_in", "-"], {
    input: PACKET,
    encoding: "utf8",
  });
  assert.match(stdout, /^Return value: 100, /);
});

test("prog run says how much room is missing", (t) => {
  const { pin, file } = place(t);
  const { stderr, code } = bpfts(
    "prog",
    "run",
    "pinned",
    pin("write"),
    "data_in",
    file("packet"),
    "data_size_out",
    "9",
  );
  assert.match(
    stderr,
    /^Error: failed to run program: No space left on device: the output data has 100 bytes, but the buffer for it has only 9\n$/,
  );
  assert.equal(code, 228);
});
