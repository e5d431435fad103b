// Records bpftool's skeletons of some objects in test/golden/skeletons.json, for the tests on machines without bpftool.
// The bytes of the objects are left out. Run scripts/peers.sh before.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const OBJECTS = ["data-types", "kconfig", "maps-arena", "links-struct-ops", "minimal-no-btf", "maps-hash-be"];
const recorded = {};
for (const command of ["skeleton", "subskeleton"]) {
  for (const object of OBJECTS) {
    // bpftool prints no subskeleton of an object without BTF, and none of an object with an arena.
    if (command === "subskeleton" && /no-btf|arena/.test(object)) continue;
    const path = `test/bpf/${object}.bpf.o`;
    const text = execFileSync(".cache/peers/bpftool", ["gen", command, path], { encoding: "utf8" });
    recorded[`${command} ${object}`] = text.replace(/= "\\\n((?:\\0|\\x[0-9a-f]{2})+\\\n)*.*";/g, '= "\\\n<bytes>";');
  }
}
writeFileSync("test/golden/skeletons.json", `${JSON.stringify(recorded, null, 2)}\n`);
