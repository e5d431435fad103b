import assert from "node:assert/strict";
import { test } from "node:test";
import { attachXdp } from "../../../src/kernel/index.ts";
import { BpfProgFlag, BpfProgType } from "../../../src/uapi/index.ts";
import { counting } from "../../support/counting.ts";
import { ping, withVeth } from "../../support/netns.ts";
import { linkConformance } from "./conformance.ts";

const XDP_PASS = 2;

for (const mode of [undefined, "generic", "driver"] as const) {
  for (const frags of mode === "driver" ? [false, true] : [false]) {
    test(`xdp links: mode ${mode ?? "left out"}${frags ? ", frags" : ""}`, async (t) => {
      const veth = withVeth(t);
      const load = {
        prog_type: BpfProgType.BPF_PROG_TYPE_XDP,
        result: XDP_PASS,
        prog_flags: frags ? BpfProgFlag.BPF_F_XDP_HAS_FRAGS : 0,
      };
      await linkConformance(t, {
        kind: "xdp",
        first: counting(t, load),
        second: counting(t, load),
        attach: (program) => attachXdp(program, { device: veth.name, mode }),
        fire: () => ping(veth),
        check: (info) => assert.ok(info.kind === "xdp" && info.ifindex === veth.ifindex),
      });
    });
  }
}
