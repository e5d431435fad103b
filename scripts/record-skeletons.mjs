// Records bpftool's skeletons of some objects in test/golden/skeletons.json, for tests on machines without bpftool. The
// embedded bytes of the objects are replaced by `<bytes>`. Needs bpftool: run scripts/peers.sh first.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";

const OBJECTS = ["data-types", "kconfig", "maps-arena", "links-struct-ops", "minimal-no-btf", "maps-hash-be"];
const recorded = {};
for (const command of ["skeleton", "subskeleton"]) {
  for (const object of OBJECTS) {
    // bpftool cannot make a subskeleton for an object without BTF or with an arena.
    if (command === "subskeleton" && /no-btf|arena/.test(object)) continue;
    const path = `test/bpf/${object}.bpf.o`;
    const text = execFileSync(".cache/peers/bpftool", ["gen", command, path], { encoding: "utf8" });
    recorded[`${command} ${object}`] = text.replace(/= "\\\n((?:\\0|\\x[0-9a-f]{2})+\\\n)*.*";/g, '= "\\\n<bytes>";');
  }
}
// Records hashes of light skeletons, including their bytes. The pattern matches objects that are left out: their text
// depends on the kernel's configuration or symbols or on the number of CPUs, or it differs from bpftool's
// (test/parity/skeleton.test.ts).
const MACHINE_DEPENDENT =
  /^(kconfig|ksyms|kfuncs|core-many|sections-optional|events|links-usdt|maps-fields|maps-rings|maps-misc|maps-net)/;
for (const file of readdirSync("test/bpf")) {
  const object = /^(.*)\.bpf\.o$/.exec(file)?.[1];
  if (object === undefined || MACHINE_DEPENDENT.test(object)) continue;
  const words = ["-L", "gen", "skeleton", `test/bpf/${file}`];
  const { status, stdout } = spawnSync(".cache/peers/bpftool", words, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (status === 0) recorded[`light ${object}`] = createHash("sha256").update(stdout).digest("hex");
}
writeFileSync("test/golden/skeletons.json", `${JSON.stringify(recorded, null, 2)}\n`);
