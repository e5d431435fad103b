// Asks bpftool (libbpf) about every object below test/bpf on the running kernel: does it load, and if not, why?
//
//   node scripts/expect-fixtures.mjs            writes test/bpf/expected.json
//   node scripts/expect-fixtures.mjs --check    compares with it, when it was made on this kernel series
//
// EPERM is a refusal of the machine (a lockdown, a vendor's kernel), not of the kernel series: an object that is refused
// so, here or in the table, is not compared.
// Needs root. Each try has a mount namespace with a bpffs of its own, so nothing is left behind.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";

const bpftool = ".cache/peers/bpftool";
const table = "test/bpf/expected.json";
const script = `
mount -t bpf bpf /sys/fs/bpf || exit 99
"$1" prog loadall "$2" /sys/fs/bpf/p pinmaps /sys/fs/bpf/m 2>&1 >/dev/null
status=$?
ls /sys/fs/bpf/p 2>/dev/null | wc -l
ls /sys/fs/bpf/m 2>/dev/null | wc -l
exit $status
`;

// libbpf says the cause first and then what failed because of it: the last line that is not such a consequence.
const consequences =
  /failed to load object|failed to open object|failed to load: -|-- BEGIN|-- END|^processed |^Error: |permission error while|supported (section|attach)/;

function ask(name) {
  const { status, stdout } = spawnSync(
    "unshare",
    ["--mount", "--propagation", "private", "sh", "-c", script, "sh", bpftool, `test/bpf/${name}.bpf.o`],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (status === 99 || status === null) throw new Error(`${name}: cannot mount a bpffs: root needed`);
  const lines = stdout.trimEnd().split("\n");
  const [programs, maps] = lines.splice(-2).map(Number);
  const text = lines.join("\n");
  if (status === 0) return { loads: true, programs, maps };
  const errno = /failed to load: -(\w+)/.exec(text)?.[1];
  const said = lines
    .filter((line) => line !== "" && !consequences.test(line))
    .at(-1)
    ?.replace(/^libbpf: /, "");
  // What was opened and loaded but is not to be pinned: an optional program, a map with a place of its own.
  const loads = /can't pin program that wasn't loaded|already has pin path/.test(text);
  return { loads, ...(loads ? { pins: false } : {}), ...(errno === undefined ? {} : { errno }), reason: said ?? "" };
}

const names = readdirSync("test/bpf")
  .filter((name) => name.endsWith(".bpf.o"))
  .map((name) => name.slice(0, -".bpf.o".length))
  .sort();
const kernel = release().split(".").slice(0, 2).join(".");
const answers = { kernel, objects: Object.fromEntries(names.map((name) => [name, ask(name)])) };
if (process.argv[2] === "--check") {
  const expected = JSON.parse(readFileSync(table, "utf8"));
  if (expected.kernel !== kernel) {
    console.log(`expect-fixtures: the table was made on Linux ${expected.kernel}, this is ${kernel}: not compared`);
    process.exit(0);
  }
  const plain = ({ loads, pins, programs, maps, errno }) => JSON.stringify({ loads, pins, programs, maps, errno });
  const isCompared = (name) => expected.objects[name]?.errno !== "EPERM" && answers.objects[name].errno !== "EPERM";
  const different = names.filter(
    (name) => isCompared(name) && plain(expected.objects[name] ?? {}) !== plain(answers.objects[name]),
  );
  const gone = Object.keys(expected.objects).filter((name) => !names.includes(name));
  for (const name of different) {
    console.error(
      `${name}: expected ${JSON.stringify(expected.objects[name])}, got ${JSON.stringify(answers.objects[name])}`,
    );
  }
  for (const name of gone) console.error(`${name}: in the table, but there is no such object`);
  if (different.length + gone.length > 0) process.exit(1);
  const compared = names.filter(isCompared).length;
  console.log(
    `expect-fixtures: ${compared} objects load, or not, as the table says; ${names.length - compared} are not compared`,
  );
} else {
  const rows = names.map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(answers.objects[name])}`);
  writeFileSync(table, `{\n  "kernel": ${JSON.stringify(kernel)},\n  "objects": {\n${rows.join(",\n")}\n  }\n}\n`);
  spawnSync("npx", ["biome", "format", "--write", table], { stdio: "ignore" });
  console.log(
    `expect-fixtures: ${names.length} objects, ${names.filter((name) => answers.objects[name].loads).length} load`,
  );
}
