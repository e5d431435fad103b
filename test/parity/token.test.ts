import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenMounts } from "../../src/inventory/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { needs } from "../support/feature.ts";
import { ALL_STYLES, assertSameOutput } from "./same-output.ts";

const DELEGATED =
  "delegate_cmds=map_create:map_lookup_elem:prog_load:btf_load:link_create,delegate_maps=array,delegate_progs=any";

test("the bpffs that give out tokens", (t) => {
  if (!needs(t, "prog:token")) return;
  const path = withBpffs(t, DELEGATED);
  withBpffs(t);
  const own = tokenMounts().filter((mount) => mount.path === path);
  assert.deepEqual(own, [
    {
      path,
      commands: ["map_create", "map_lookup_elem", "prog_load", "btf_load", "link_create"],
      mapTypes: ["array"],
      programTypes: ["any"],
      attachTypes: [],
    },
  ]);
});

test("token show prints what bpftool prints", (t) => {
  if (!needs(t, "tool:bpftool", "prog:token")) return;
  withBpffs(t, DELEGATED);
  assertSameOutput("token", { styles: ALL_STYLES });
  assertSameOutput("token list");
  assertSameOutput("token show x", { ownMessage: true });
});
