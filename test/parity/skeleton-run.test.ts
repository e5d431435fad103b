// Eight headers of ours in one C program, which gcc compiles with libbpf and which then loads and runs the objects: full
// skeletons, light skeletons and a subskeleton.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lightSkeletonPieces, skeletonPieces, subskeletonText } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { withDirectory } from "../support/directory.ts";
import { LIBBPF_CC, needs } from "../support/feature.ts";

interface Use {
  readonly kind: "full" | "light";
  readonly object: string;
  /** Statements after open, and statements after load. */
  readonly opened: string;
  readonly loaded: string;
}

const RUN = `struct { u64 left, right, sum; } numbers = { 20, 22, 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &numbers, .ctx_size_in = sizeof(numbers));
	int failed = bpf_prog_test_run_opts(PROGRAM, &options);
	printf("NAME %d %u %llu\\n", failed, options.retval, s->bss->runs);`;

const SECTIONS = `printf("NAME %u %u %u %u\\n", s->data->initialized, s->data_custom->custom_data[2],
		s->rodata_custom->custom_constant, s->data_a_rather_long_name->unaligned_pair[1]);`;

/** The uses by the name of the skeleton, which is also that of the C function. */
const USES: Readonly<Record<string, Use>> = {
  counter: {
    kind: "full",
    object: "counter",
    opened: "s->rodata->threshold = 5;",
    loaded: 'printf("counter %u %d\\n", s->rodata->threshold, bpf_map__fd(s->maps.counts) >= 0);',
  },
  metadata: {
    kind: "full",
    object: "metadata",
    opened: "",
    loaded: 'printf("metadata %s %d\\n", s->rodata->bpf_metadata_author, s->rodata->bpf_metadata_revision);',
  },
  run: { kind: "full", object: "run", opened: "", loaded: RUN.replace("PROGRAM", "bpf_program__fd(s->progs.add)") },
  data_sections: {
    kind: "full",
    object: "data-sections",
    opened: "s->data->initialized = 1; s->data_custom->custom_data[2] = 30;",
    loaded: SECTIONS,
  },
  maps_nested: {
    kind: "full",
    object: "maps-nested",
    opened: "",
    loaded: 'printf("maps_nested %d\\n", bpf_map__fd(s->maps.by_key) >= 0 && bpf_program__fd(s->progs.use) >= 0);',
  },
  functions: {
    kind: "full",
    object: "functions",
    opened: "",
    loaded: 'printf("functions %d\\n", s->skeleton->prog_cnt > 0);',
  },
  light_run: {
    kind: "light",
    object: "run",
    opened: "",
    loaded: RUN.replace("PROGRAM", "s->progs.add.prog_fd"),
  },
  light_sections: {
    kind: "light",
    object: "data-sections",
    opened: "s->data->initialized = 1; s->data_custom->custom_data[2] = 30;",
    loaded: SECTIONS,
  },
  // bpftool makes no light skeleton of this object: its loader program cannot fill a prog array.
  light_tail_calls: {
    kind: "light",
    object: "maps-tail-calls",
    opened: "",
    loaded: `u32 key = 0, id = 0;
	printf("light_tail_calls %d\\n", bpf_map_lookup_elem(s->maps.jumps.map_fd, &key, &id) == 0 && id > 0);`,
  },
  // A subskeleton of one of the two files of which the object was linked.
  linked: {
    kind: "full",
    object: "linked",
    opened: `struct part *part = part__open(s->obj);
	if (!part) return 3;
	*part->data.shared_counter = 41;`,
    loaded: `printf("linked %llu %u %d\\n", ++*part->data.shared_counter, *part->rodata.shared_constant,
		part->progs.second == s->progs.second);
	part__destroy(part);`,
  },
};

const EXPECTED = `counter 5 1
metadata someone 12
run 0 42 1
data_sections 1 30 8 2
maps_nested 1
functions 1
light_run 0 42 1
light_sections 1 30 8 2
light_tail_calls 1
linked 42 2 1
`;

/** Returns the C program: for each object a function that opens its skeleton, loads it, and prints what it reads. */
function cProgram(): string {
  const functions = Object.entries(USES).map(
    ([name, { opened, loaded }]) => `
static int use_${name}(void)
{
	struct ${name} *s = ${name}__open();
	if (!s) return 1;
	${opened}
	if (${name}__load(s)) return 2;
	${loaded.replace("NAME", name)}
	${name}__destroy(s);
	return 0;
}
`,
  );
  const calls = Object.keys(USES).map((name) => `use_${name}()`);
  return `#include <stdbool.h>
#include <stdio.h>
#include <bpf/bpf.h>
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
typedef signed char s8; typedef short s16; typedef int s32; typedef long long s64;
#include "part.skel.h"
${Object.keys(USES)
  .map((name) => `#include "${name}.skel.h"\n`)
  .join("")}${functions.join("")}
int main(void) { return ${calls.join(" || ")}; }
`;
}

function header(name: string, { kind, object }: Use): Buffer {
  const data = readFileSync(`test/bpf/${object}.bpf.o`);
  const spec = parseObject(data, { name, source: object });
  const pieces = kind === "light" ? lightSkeletonPieces(spec, name) : skeletonPieces(spec, name, data);
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
}

test("skeletons, light skeletons and a subskeleton compile with gcc, load and run with libbpf", (t) => {
  if (!needs(t, "tool:libbpf", "prog:loader_core")) return;
  const directory = withDirectory(t);
  for (const [name, use] of Object.entries(USES)) writeFileSync(join(directory, `${name}.skel.h`), header(name, use));
  const part = parseObject(readFileSync("test/bpf/linked-other.bpf.o"), { name: "", source: "linked-other" });
  writeFileSync(join(directory, "part.skel.h"), subskeletonText(part, "part"));
  writeFileSync(join(directory, "main.c"), cProgram());
  const program = join(directory, "main");
  const compiled = spawnSync(
    LIBBPF_CC,
    ["-Wall", "-Werror", "-I", directory, join(directory, "main.c"), "-o", program],
    {
      encoding: "utf8",
    },
  );
  assert.equal(compiled.status, 0, compiled.stderr);
  const ran = spawnSync(program, { encoding: "utf8" });
  assert.equal(ran.stdout, EXPECTED, ran.stderr);
  assert.equal(ran.status, 0, ran.stderr);
});
