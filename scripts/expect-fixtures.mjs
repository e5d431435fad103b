// Loads every object in test/bpf with bpftool (libbpf) on the running kernel. Records whether it loads, or why it does
// not.
//
//   node scripts/expect-fixtures.mjs            writes test/bpf/expected.json
//   node scripts/expect-fixtures.mjs --check    compares with it, when it was made on this kernel series
//
// EPERM comes from the machine (a lockdown, a vendor's kernel), not from the kernel version. So an object that fails
// with EPERM, on this machine or in the table, is not compared. Needs root. Each object is loaded in a new mount
// namespace with a new bpffs, so nothing stays behind.
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

// libbpf first prints the cause, and then messages about what failed because of it. These patterns match the messages
// of the second kind, so the cause is the last line that matches none of them.
const consequences =
  /failed to load object|failed to open object|failed to load: -|-- BEGIN|-- END|^processed |^Error: |permission error while|supported (section|attach)/;

function ask(name) {
  const { status, stdout } = spawnSync(
    "unshare",
    ["--mount", "--propagation", "private", "sh", "-c", script, "sh", bpftool, `test/bpf/${name}.bpf.o`],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (status === 99 || status === null) throw new Error(`${name}: cannot mount a bpffs; run this script as root`);
  const lines = stdout.trimEnd().split("\n");
  const [programs, maps] = lines.splice(-2).map(Number);
  const text = lines.join("\n");
  if (status === 0) return { loads: true, programs, maps };
  const errno = /failed to load: -(\w+)/.exec(text)?.[1];
  const said = lines
    .filter((line) => line !== "" && !consequences.test(line))
    .at(-1)
    ?.replace(/^libbpf: /, "");
  // The object was loaded, and only pinning failed: a program is optional, or a map declares its own pin path.
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
    console.log(
      `expect-fixtures: nothing is compared, because the table was made on Linux ${expected.kernel}, and this is Linux ${kernel}`,
    );
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
  for (const name of gone) console.error(`${name} is in the table, but not in test/bpf`);
  if (different.length + gone.length > 0) process.exit(1);
  const compared = names.filter(isCompared).length;
  console.log(
    `expect-fixtures: ${compared} objects behave as the table says; ${names.length - compared} are not compared`,
  );
} else {
  const rows = names.map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(answers.objects[name])}`);
  writeFileSync(table, `{\n  "kernel": ${JSON.stringify(kernel)},\n  "objects": {\n${rows.join(",\n")}\n  }\n}\n`);
  spawnSync("npx", ["biome", "format", "--write", table], { stdio: "ignore" });
  console.log(
    `expect-fixtures: ${names.length} objects, ${names.filter((name) => answers.objects[name].loads).length} load`,
  );
}
