import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeInstructions } from "../../src/asm/index.ts";
import { BpfAttachType, BpfProgFlag, BpfProgType } from "../../src/uapi/index.ts";
import { existing, fixture } from "./fixtures.ts";

// Orders, slots, and the function and line information below are those that libbpf 1.8 makes of the same files.

test("a program takes its type, attach type and target from its section", () => {
  const { programs, license, byteOrder, name } = fixture("counter");
  assert.deepEqual([name, license, byteOrder], ["counter", "GPL", "little"]);
  assert.deepEqual(Object.keys(programs), ["ingress", "egress", "forked"]);
  const { ingress, forked } = programs;
  assert.equal(ingress?.type, BpfProgType.BPF_PROG_TYPE_CGROUP_SKB);
  assert.equal(ingress?.attachType, BpfAttachType.BPF_CGROUP_INET_INGRESS);
  assert.deepEqual([ingress?.autoload, ingress?.autoattach, ingress?.attachTo], [true, false, ""]);
  assert.deepEqual(
    [forked?.attachType, forked?.autoattach, forked?.attachTo],
    [undefined, true, "sched/sched_process_fork"],
  );
  assert.equal(forked?.coreRelocations.length, 3);
});

test("a ? in front of a section leaves its program out", () => {
  const { programs } = fixture("sections-optional");
  const states = Object.values(programs).map(({ sectionName, autoload }) => [sectionName, autoload]);
  assert.ok(states.some(([, autoload]) => autoload === false));
  for (const [sectionName, autoload] of states) assert.equal(autoload, !String(sectionName).startsWith("?"));
});

test("sections say which programs sleep", () => {
  for (const program of Object.values(fixture("sections-probe").programs)) {
    const sleeps = (program.flags & BpfProgFlag.BPF_F_SLEEPABLE) !== 0;
    assert.equal(sleeps, /\.s(\/|$)/.test(program.sectionName), program.sectionName);
  }
});

for (const variant of ["", "-v1", "-v2", "-be", "-clang14", "-no-btf"]) {
  test(`functions${variant}: each program is followed by the functions that it reaches, where it first reaches them`, () => {
    const { programs } = fixture(`functions${variant}`);
    const { first, second, alone } = programs;
    const order = (program: typeof first) => existing(program).functions.map(({ name }) => name);
    assert.deepEqual(order(first), ["first", "global", "middle", "leaf", "weak", "unused_by_second"]);
    assert.deepEqual(order(second), ["second", "leaf", "with_context", "hidden"]);
    assert.deepEqual(order(alone), ["alone"]);
    for (const program of Object.values(programs)) {
      const starts = new Set(program.functions.map(({ slot }) => slot));
      const little = !variant.endsWith("-be");
      decodeInstructions(program.instructions, little).forEach((instruction) => {
        assert.ok(instruction.op !== 0x85 || instruction.src !== 1 || instruction.off === 0);
      });
      // Every call of a function leads to the first instruction of one.
      const view = new DataView(program.instructions.buffer);
      for (let slot = 0; slot < program.instructions.length / 8; slot++) {
        const registers = view.getUint8(8 * slot + 1);
        if (view.getUint8(8 * slot) !== 0x85 || registers !== (little ? 0x10 : 0x01)) continue;
        assert.ok(starts.has(slot + 1 + view.getInt32(8 * slot + 4, little)), `${program.name} slot ${slot}`);
      }
    }
  });
}

test("an object of the other byte order says the same", () => {
  for (const name of ["functions", "maps-hash", "data-sections", "isa-v4", "core-fields"]) {
    const little = fixture(name);
    const big = fixture(`${name}-be`);
    assert.deepEqual([little.byteOrder, big.byteOrder], ["little", "big"]);
    assert.deepEqual(Object.keys(big.programs), Object.keys(little.programs));
    for (const [key, program] of Object.entries(little.programs)) {
      const other = existing(big.programs[key]);
      const said = [program, other].map((each) => ({
        functions: each.functions.map((f) => f.name),
        relocations: each.relocations.map(({ slot: _, ...rest }) => rest),
        core: each.coreRelocations.map(({ kind, accessString }) => [kind, accessString]),
        // The compiler's choice of instructions depends on the byte order; each load of an address is one of them.
        loads: each.relocations.every(({ slot }) => [0x18, 0x85].includes(each.instructions[8 * slot] ?? 0)),
      }));
      assert.deepEqual(said[1], said[0]);
      assert.equal(said[0]?.loads, true);
    }
  }
});

test("source lines and types follow the functions that were linked", () => {
  const { programs, btf } = fixture("functions");
  const types = existing(btf);
  for (const program of Object.values(programs)) {
    for (const { name, typeId } of program.functions) assert.equal(types.name(typeId), name);
    const starts = program.functions.map(({ slot }) => slot);
    for (const start of starts)
      assert.ok(
        program.lines.some((line) => line.slot === start),
        `${program.name} at ${start}`,
      );
    const slots = program.lines.map((line) => line.slot);
    assert.deepEqual(
      slots,
      [...new Set(slots)].sort((a, b) => a - b),
    );
    for (const { name, typeId } of program.functions) {
      const type = types.type(typeId);
      assert.ok(type.kind === "func");
      // A hidden function is global for the linker only.
      if (name === "hidden" || name === "leaf") assert.equal(type.linkage, "static");
      if (name === "global") assert.equal(type.linkage, "global");
    }
    const file = existing(program.lines[0]);
    assert.match(types.string(file.fileNameOffset), /functions\.bpf\.c$/);
  }
});

test("without BTF there are functions and relocations, but no types and lines", () => {
  const { programs, btf } = fixture("functions-no-btf");
  assert.equal(btf, undefined);
  for (const program of Object.values(programs)) {
    assert.deepEqual(program.lines, []);
    assert.ok(program.functions.every(({ typeId }) => typeId === 0));
  }
});

test("callbacks are linked, and the instruction that loads their address says so", () => {
  const { iterate, loop } = fixture("callbacks").programs;
  assert.deepEqual(
    iterate?.functions.map(({ name }) => name),
    ["iterate", "add", "weigh", "count"],
  );
  assert.deepEqual(
    loop?.functions.map(({ name }) => name),
    ["loop", "count"],
  );
  const { instructions, functions } = existing(loop);
  const view = new DataView(instructions.buffer);
  const loads = [];
  for (let slot = 0; slot < instructions.length / 8; slot++) {
    if (view.getUint8(8 * slot) !== 0x18 || view.getUint8(8 * slot + 1) >> 4 !== 4) continue;
    loads.push(slot + 1 + view.getInt32(8 * slot + 4, true));
  }
  assert.deepEqual(loads, [functions[1]?.slot]);
});

test("an exception callback is linked though nothing refers to it", () => {
  const { with_callback, without_callback } = fixture("exceptions").programs;
  assert.deepEqual(
    with_callback?.functions.map(({ name }) => name),
    ["with_callback", "check", "caught"],
  );
  assert.deepEqual(
    without_callback?.functions.map(({ name }) => name),
    ["without_callback", "check"],
  );
});

test("a function in another program's section can be called, unlike with libbpf", () => {
  const { entry, other } = fixture("functions-elsewhere").programs;
  assert.deepEqual(
    entry?.functions.map(({ name }) => name),
    ["entry", "other"],
  );
  assert.deepEqual(
    other?.functions.map(({ name }) => name),
    ["other"],
  );
});

test("a function that others call is a subprogram in a section that names no program type", () => {
  const { programs, btf } = fixture("functions-sections");
  assert.deepEqual(Object.keys(programs), ["lengths"]);
  assert.deepEqual(
    programs.lengths?.functions.map(({ name }) => name),
    ["lengths", "double_length", "length_of", "five_times"],
  );
  const hidden = existing(btf).type(existing(existing(btf).find("length_of")));
  assert.equal(hidden.kind === "func" && hidden.linkage, "static");
  // An exception callback, which nothing calls, is one too.
  const { with_callback, ...others } = fixture("exceptions-sections").programs;
  assert.deepEqual(Object.keys(others), ["without_callback"]);
  assert.deepEqual(
    with_callback?.functions.map(({ name }) => name),
    ["with_callback", "check", "caught"],
  );
});

test("in a statically linked object the weak function that lost is nobody's", () => {
  const { programs, maps } = fixture("linked");
  assert.deepEqual(Object.keys(maps).slice(0, 2), ["own_map", "shared_map"]);
  const { first, second } = programs;
  assert.deepEqual(
    first?.functions.map(({ name }) => name),
    ["first", "helper_of_other_part", "overridden"],
  );
  assert.deepEqual(
    second?.functions.map(({ name }) => name),
    ["second", "overridden"],
  );
  assert.deepEqual(
    second?.relocations.map((r) => r.kind),
    ["map_value"],
  );
});

test("an indirect jump's targets are slots of the program", () => {
  const program = existing(fixture("isa-jump-table").programs.choose);
  assert.deepEqual(program.jumpTables, [{ targets: [10, 32, 17, 22, 12, 37, 42, 27] }]);
  const jump = program.relocations.filter(({ kind }) => kind === "jump_table");
  assert.deepEqual(jump, [{ kind: "jump_table", slot: 5, table: 0, offset: 0 }]);
});

test("kernel functions are called, and asked whether they exist", () => {
  const { programs, externs } = fixture("kfuncs");
  assert.deepEqual(
    existing(programs.call)
      .relocations.filter(({ kind }) => kind === "kfunc")
      .map((r) => [r.kind === "kfunc" && r.extern, r.kind === "kfunc" && r.call]),
    [
      ["bpf_task_from_pid", true],
      ["bpf_task_release", true],
      ["bpf_not_in_any_kernel", false],
      ["bpf_not_in_any_kernel", true],
      ["bpf_ktime_not_there", false],
      ["bpf_rcu_read_lock", false],
      ["bpf_rcu_read_lock", true],
      ["bpf_rcu_read_unlock", true],
    ],
  );
  assert.deepEqual([externs.bpf_task_release?.weak, externs.bpf_rcu_read_lock?.weak], [false, true]);
});

test("an object of 60 programs is read whole", () => {
  assert.equal(Object.keys(fixture("core-many").programs).length, 60);
});
