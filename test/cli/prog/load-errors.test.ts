// What goes wrong for a real user of prog load: one clear sentence that says what to do, and one value of JSON.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withBpffs } from "../../support/bpffs.ts";
import { withDirectory } from "../../support/directory.ts";
import { withoutCapabilities } from "../../support/privileges.ts";
import { COMMAND } from "../run.ts";

/** Runs our command with a wrapper's words before it. */
function run(wrapper: readonly string[], words: readonly string[]): { stdout: string; stderr: string; code: number } {
  const [command = "", ...args] = [...wrapper, process.execPath, COMMAND, ...words];
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", env });
  return { stdout, stderr, code: status ?? -1 };
}

const POWERLESS = withoutCapabilities("-all");
/** The kernel's BTF hidden behind an empty directory, in a mount namespace of its own. */
const WITHOUT_BTF = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf; exec "$0" "$@"'];

test("each mistake is told in one sentence, in JSON too, and leaves nothing behind", (t) => {
  const bpffs = withBpffs(t);
  const directory = withDirectory(t);
  chmodSync(directory, 0o755);
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const empty = file("empty.o", "");
  const text = file("text.o", "no object");
  const secret = file("secret.o", "x");
  chmodSync(secret, 0o600);
  chownSync(secret, 65534, 65534);
  const minimal = join(directory, "minimal.bpf.o");
  copyFileSync("test/bpf/minimal.bpf.o", minimal);
  const pin = `${bpffs}/p`;
  const load = (...words: string[]): string[] => ["prog", "load", ...words];
  const cases: [what: string, words: string[], message: RegExp, wrapper?: readonly string[]][] = [
    [
      "no privileges",
      ["prog", "show"],
      /: Operation not permitted; CAP_SYS_ADMIN is missing: run as root, or grant this capability$/,
      POWERLESS,
    ],
    ["no privileges to read the file", load(secret, pin), /secret.o cannot be read: permission denied$/, POWERLESS],
    [
      "no BTF of the kernel",
      load("test/bpf/core-fields.bpf.o", pin),
      /: this kernel does not support BTF of its own types: \/sys\/kernel\/btf\/vmlinux does not exist, .*kernel_btf FILE/,
      WITHOUT_BTF,
    ],
    [
      "no file of BTF",
      load("test/bpf/core-fields.bpf.o", pin, "kernel_btf", "/no"),
      /\/no cannot be read: there is no/,
    ],
    [
      "a directory for BTF",
      load("test/bpf/core-fields.bpf.o", pin, "kernel_btf", directory),
      /cannot be read: it is a directory$/,
    ],
    [
      "an empty file for BTF",
      load("test/bpf/core-fields.bpf.o", pin, "kernel_btf", empty),
      /empty.o is empty; it should be BTF or an ELF file that contains BTF$/,
    ],
    [
      "another file for BTF",
      load("test/bpf/core-fields.bpf.o", pin, "kernel_btf", minimal.replace("minimal.bpf", "text")),
      /the BTF header needs 24 bytes/,
    ],
    [
      "the verifier's refusal",
      load("test/bpf/verifier-null.bpf.o", pin),
      /program careless is refused by the verifier at instruction \d+: R0 invalid mem access 'map_value_or_null'; source: verifier-null.bpf.c:\d+: return \*value$/,
    ],
    [
      "a section of no type",
      load("test/bpf/sections-unknown.bpf.o", pin),
      /^the section 'my_own_section' .* give one with 'type TYPE'$/,
    ],
    ["a pin that exists", load(minimal, `${bpffs}/taken`), /^can't pin BPF object: path '.*\/taken' already exists$/],
    [
      "no bpffs",
      load(minimal, join(directory, "p")),
      /is not in a BPF file system \(bpffs\); use a path below \/sys\/fs\/bpf, or mount one/,
    ],
    [
      "no such directory in the bpffs",
      load(minimal, `${bpffs}/no/p`),
      /^can't pin BPF object: dir '.*\/no' doesn't exist$/,
    ],
    ["a name with a dot", load(minimal, `${bpffs}/a.b`), /which names in a BPF file system cannot contain/],
    [
      "an unknown type",
      load(minimal, pin, "type", "xpd"),
      /^unknown program type 'xpd'; see TYPE in 'bpfts prog help'; did you mean 'xdp'\?$/,
    ],
    ["a bad number", load(minimal, pin, "map", "idx", "one", "id", "1"), /^can't parse one as IDX$/],
    [
      "an id that nothing has",
      ["prog", "show", "id", "4294967295"],
      /^get by id \(4294967295\): No such file or directory$/,
    ],
    [
      "a missing file",
      load("/no.o", pin),
      /^failed to open object file: \/no.o cannot be read: there is no such file$/,
    ],
    ["a device", load("/dev/zero", pin), /\/dev\/zero is too large: bpfts reads at most 67108864 bytes/],
    ["a directory", load(directory, pin), /^failed to open object file: .* cannot be read: it is a directory$/],
    [
      "an empty file",
      load(empty, pin),
      /^failed to open object file: .*empty.o is empty; it should be a BPF object file$/,
    ],
    [
      "another file",
      load(text, pin),
      /^failed to open object file: .*text.o: this is not an ELF file: it begins with the text/,
    ],
    ["a missing word", load(minimal), /^'load' needs at least 2 arguments, 1 found$/],
    [
      "no such device",
      load(minimal, pin, "offload_dev", "no_such"),
      /^unrecognized netdevice 'no_such': No such device$/,
    ],
    [
      "a device without offload",
      load(minimal, pin, "offload_dev", "lo"),
      /the driver of the device with index 1 does not accept offloaded programs/,
    ],
    [
      "a device without metadata",
      load(minimal, pin, "xdpmeta_dev", "lo"),
      /does not accept XDP programs that read its packets' metadata$/,
    ],
    [
      "a map that is not in the object",
      load("test/bpf/counter.bpf.o", pin, "map", "name", "x", "pinned", `${bpffs}/map`),
      /^unable to find map 'x': its maps are .*counts/,
    ],
    [
      "a program for a map",
      load("test/bpf/counter.bpf.o", pin, "map", "name", "counts", "pinned", `${bpffs}/taken`),
      /taken.* (a prog(ram)?, not a map|expected a map)|prog(ram)?, (not|expected) a map/,
    ],
  ];
  assert.equal(run([], load(minimal, `${bpffs}/taken`)).code, 0);
  assert.equal(run([], ["prog", "loadall", "test/bpf/counter.bpf.o", bpffs, "pinmaps", bpffs]).code, 0);
  const before = readdirSync(bpffs).sort();
  for (const [what, words, message, wrapper = []] of cases) {
    const line = words.map((word) => (word === `${bpffs}/map` ? `${bpffs}/counts` : word));
    const plain = run(wrapper, line);
    const last = plain.stderr.split("\n").at(-2) ?? "";
    assert.equal(plain.stdout, "", what);
    assert.ok(last.startsWith("Error: "), `${what}: ${plain.stderr}`);
    assert.match(last.slice("Error: ".length), message, what);
    assert.equal(plain.code, 255, what);
    const json = run(wrapper, ["-j", ...line]);
    const answer = JSON.parse(json.stdout) as { error: string };
    assert.deepEqual(Object.keys(answer), ["error"], what);
    assert.match(answer.error, message, what);
    assert.equal(json.code, 255, what);
  }
  assert.deepEqual(readdirSync(bpffs).sort(), before);
});

test("a process that may open no more files is told of that limit, wherever the load meets it", (t) => {
  const bpffs = withBpffs(t);
  const messages: string[] = [];
  for (let limit = 40; ; limit--) {
    const { stderr, code } = run(
      ["sh", "-c", `ulimit -n ${limit}; exec "$0" "$@"`],
      ["prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/${limit}`],
    );
    if (code === 0) continue;
    if (!stderr.startsWith("Error: failed to load")) break;
    messages.push(stderr.trimEnd());
    assert.deepEqual(readdirSync(bpffs).includes(String(limit)), false);
  }
  // Below the lowest of these limits Node itself cannot work.
  const told = messages.filter((line) => !line.includes("the FFI library"));
  assert.ok(
    told.some((line) => /program "\w+": bpf\(BPF_PROG_LOAD\)/.test(line)),
    messages.join("\n"),
  );
  assert.ok(
    told.some((line) => /map \.?\w+: bpf\(BPF_MAP_CREATE\)/.test(line)),
    messages.join("\n"),
  );
  for (const line of told) {
    assert.match(line, /^Error: [^\n]*: Too many open files \(EMFILE\); this process has .*: ulimit -n 65536$/);
  }
});
