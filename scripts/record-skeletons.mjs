// Records bpftool's skeletons of some objects in test/golden/skeletons.json, for tests on machines without bpftool. The
// embedded bytes of the objects are replaced by `<bytes>`. Needs bpftool: run scripts/peers.sh first.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

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
writeFileSync("test/golden/skeletons.json", `${JSON.stringify(recorded, null, 2)}\n`);
