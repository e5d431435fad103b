import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { withBpffs } from "../../support/bpffs.ts";
import { bpfts, COMMAND, type Ran } from "../run.ts";

/** Runs the command with the two capabilities of a BPF user, and those that let it read any file. */
function withoutAdmin(...args: readonly string[]): Ran {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const rights = "--bounding-set=-all,+bpf,+perfmon,+dac_override,+dac_read_search";
  const { stdout, stderr, status } = spawnSync("setpriv", [rights, process.execPath, COMMAND, ...args], {
    encoding: "utf8",
    env,
  });
  return { stdout, stderr, code: status };
}

test("what is pinned is shown without CAP_SYS_ADMIN: by bytes and without names where BTF may not be read", (t) => {
  const bpffs = withBpffs(t);
  const loaded = bpfts("prog", "loadall", "test/bpf/counter.bpf.o", `${bpffs}/programs`, "pinmaps", `${bpffs}/maps`);
  assert.deepEqual(loaded, { stdout: "", stderr: "", code: 0 });
  const cases: readonly (readonly [line: readonly string[], stdout: RegExp, stderr: RegExp])[] = [
    [
      ["map", "dump", "pinned", `${bpffs}/maps/counter_rodata`],
      /^key: [\s\S]*\nFound 1 element\n$/,
      /^Warning: [^\n]*\n$/,
    ],
    [
      ["map", "lookup", "pinned", `${bpffs}/maps/counter_bss`, "key", "0", "0", "0", "0"],
      /^key: /,
      /^Warning: [^\n]*\n$/,
    ],
    [
      ["prog", "dump", "xlated", "pinned", `${bpffs}/programs/egress`],
      /^ {3}0: \([0-9a-f]{2}\) /,
      /^Warning: prototypes and source lines are left out, because opening BTF by its id needs CAP_SYS_ADMIN\n$/,
    ],
    [["-j", "prog", "dump", "xlated", "pinned", `${bpffs}/programs/egress`], /^\[\{"disasm":/, /^Warning: [^\n]*\n$/],
    [["prog", "show", "pinned", `${bpffs}/programs/egress`], /^\d+: cgroup_skb {2}name egress /, /^$/],
    [["--details", "prog", "show", "pinned", `${bpffs}/programs/egress`], /\tverified_insns \d+/, /^$/],
    [["map", "show", "pinned", `${bpffs}/maps/counts`], /^\d+: hash {2}name counts /, /^$/],
  ];
  for (const [line, stdout, stderr] of cases) {
    const ran = withoutAdmin(...line);
    assert.match(ran.stdout, stdout, line.join(" "));
    assert.match(ran.stderr, stderr, line.join(" "));
    assert.equal(ran.code, 0, line.join(" "));
  }
});
