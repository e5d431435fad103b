// Six skeletons of ours in one C program, which gcc compiles with libbpf and which then loads and runs the objects.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { skeletonPieces } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { withDirectory } from "../support/directory.ts";
import { LIBBPF_CC, needs } from "../support/feature.ts";

/** Per object: statements after open, and statements after load. */
const USES: Readonly<Record<string, { opened: string; loaded: string }>> = {
  counter: {
    opened: "s->rodata->threshold = 5;",
    loaded: 'printf("counter %u %d\\n", s->rodata->threshold, bpf_map__fd(s->maps.counts) >= 0);',
  },
  metadata: {
    opened: "",
    loaded: 'printf("metadata %s %d\\n", s->rodata->bpf_metadata_author, s->rodata->bpf_metadata_revision);',
  },
  run: {
    opened: "",
    loaded: `struct { u64 left, right, sum; } numbers = { 20, 22, 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &numbers, .ctx_size_in = sizeof(numbers));
	int failed = bpf_prog_test_run_opts(bpf_program__fd(s->progs.add), &options);
	printf("run %d %u %llu\\n", failed, options.retval, s->bss->runs);`,
  },
  data_sections: {
    opened: "s->data->initialized = 1; s->data_custom->custom_data[2] = 30;",
    loaded: `printf("data_sections %u %u %u %u\\n", s->data->initialized, s->data_custom->custom_data[2],
		s->rodata_custom->custom_constant, s->data_a_rather_long_name->unaligned_pair[1]);`,
  },
  maps_nested: {
    opened: "",
    loaded: 'printf("maps_nested %d\\n", bpf_map__fd(s->maps.by_key) >= 0 && bpf_program__fd(s->progs.use) >= 0);',
  },
  functions: { opened: "", loaded: 'printf("functions %d\\n", s->skeleton->prog_cnt > 0);' },
};

const EXPECTED = `counter 5 1
metadata someone 12
run 0 42 1
data_sections 1 30 8 2
maps_nested 1
functions 1
`;

/** The C program: for each object a function that opens its skeleton, loads it, and prints what it reads from it. */
function cProgram(): string {
  const functions = Object.entries(USES).map(
    ([name, { opened, loaded }]) => `
static int use_${name}(void)
{
	struct ${name} *s = ${name}__open();
	if (!s) return 1;
	${opened}
	if (${name}__load(s)) return 2;
	${loaded}
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
${Object.keys(USES)
  .map((name) => `#include "${name}.skel.h"\n`)
  .join("")}${functions.join("")}
int main(void) { return ${calls.join(" || ")}; }
`;
}

test("six skeletons compile with gcc, load and run with libbpf", (t) => {
  if (!needs(t, "tool:libbpf")) return;
  const directory = withDirectory(t);
  for (const name of Object.keys(USES)) {
    const data = readFileSync(`test/bpf/${name.replaceAll("_", "-")}.bpf.o`);
    const pieces = skeletonPieces(parseObject(data, { name, source: name }), name, data);
    writeFileSync(join(directory, `${name}.skel.h`), Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
  }
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
