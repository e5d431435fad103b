// Compiles test/bpf into a temporary directory and compares the objects with the committed ones, so that each committed
// object belongs to its source. If the compiler is not installed, this script says so and ends successfully.
// test/bpf/compiler.txt names the compiler version of the committed objects. Another version may choose other
// instructions, so with another version only a failure to compile is an error.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const compiler = process.env.CLANG ?? "clang-22";

/** Returns the contents of an object that are compared, by section: code, data, relocations and BTF. */
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
    // DWARF and string tables do not affect the loaded programs. A section of type 8 (NOBITS) has no bytes, so its size
    // is compared.
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
  console.log(`check-fixtures: ${compiler} is not installed, so the objects are not compared with their sources`);
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
  for (const name of old) console.error(`${name} is committed, but no source makes it`);
  for (const name of fresh) console.error(`${name} is made from a source, but not committed`);
  for (const { name, parts } of different) console.error(`${name} differs from its source in ${parts.join(", ")}`);
  if (old.length + fresh.length > 0 || (same && different.length > 0)) {
    console.error("check-fixtures: run scripts/build-fixtures.sh and commit the objects with their sources");
    process.exitCode = 1;
  } else {
    const judged = same
      ? "match their sources"
      : `compile; ${different.length} differ, because this compiler is ${version}`;
    console.log(`check-fixtures: ${made.length} objects ${judged}`);
  }
} finally {
  rmSync(directory, { recursive: true });
}
