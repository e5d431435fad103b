// Compiles test/bpf again into a temporary directory and compares with what is committed, so that a source and its
// object never part. Without the compiler it says so and stops; another version of the compiler than the committed
// objects were made by (test/bpf/compiler.txt) may choose other instructions, so there only a failure to compile counts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const compiler = process.env.CLANG ?? "clang-22";

/** What of an object matters, by section name: code, data, relocations, BTF. Names and symbols are in the relocations. */
function sections(path) {
  const bytes = readFileSync(path);
  const big = bytes[5] === 2;
  const u16 = (at) => (big ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
  const u32 = (at) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  const u64 = (at) => Number(big ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at));
  const table = u64(40);
  const headers = Array.from({ length: u16(60) }, (_, index) => table + index * 64);
  const names = u64(headers[u16(62)] + 24);
  const found = new Map();
  for (const header of headers) {
    const name = bytes.toString("latin1", names + u32(header), bytes.indexOf(0, names + u32(header)));
    const type = u32(header + 4);
    // 8 is NOBITS: only its size counts. DWARF and the tables of names are no program's business.
    if (name === "" || name.startsWith(".debug") || name.startsWith(".rel.debug") || name === ".strtab") continue;
    const [offset, size] = [u64(header + 24), u64(header + 32)];
    found.set(`${name}/${type}`, type === 8 ? String(size) : bytes.toString("hex", offset, offset + size));
  }
  return found;
}

function differences(left, right) {
  const [one, two] = [sections(left), sections(right)];
  return [...new Set([...one.keys(), ...two.keys()])].filter((name) => one.get(name) !== two.get(name));
}

const version = spawnSync(compiler, ["--version"], { encoding: "utf8" }).stdout?.split("\n")[0];
if (version === undefined) {
  console.log(`check-fixtures: no ${compiler}: the objects are not compared with their sources`);
  process.exit(0);
}
const directory = mkdtempSync(join(tmpdir(), "fixtures-"));
try {
  const { status, stderr } = spawnSync("bash", ["scripts/build-fixtures.sh", "--to", directory], { encoding: "utf8" });
  process.stderr.write(stderr);
  if (status !== 0) throw new Error("the sources do not compile");
  const made = readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith(".bpf.o"))
    .sort();
  const committed = readdirSync("test/bpf", { recursive: true }).filter((name) => name.endsWith(".bpf.o"));
  const old = committed.filter((name) => !made.includes(name) && !name.endsWith("-clang14.bpf.o"));
  const fresh = made.filter((name) => !committed.includes(name));
  const different = made
    .filter((name) => committed.includes(name))
    .map((name) => ({ name, parts: differences(join(directory, name), join("test/bpf", name)) }))
    .filter(({ parts }) => parts.length > 0);
  const same = version === readFileSync("test/bpf/compiler.txt", "utf8").trim();
  for (const name of old) console.error(`${name}: committed, but nothing makes it`);
  for (const name of fresh) console.error(`${name}: not committed`);
  for (const { name, parts } of different) console.error(`${name}: differs in ${parts.join(", ")}`);
  if (old.length + fresh.length > 0 || (same && different.length > 0)) {
    console.error("check-fixtures: run scripts/build-fixtures.sh and commit the objects with their sources");
    process.exitCode = 1;
  } else {
    const judged = same ? "are what their sources say" : `compile; ${different.length} differ by ${version}`;
    console.log(`check-fixtures: ${made.length} objects ${judged}`);
  }
} finally {
  rmSync(directory, { recursive: true });
}
