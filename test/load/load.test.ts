import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BtfKind } from "../../src/btf/index.ts";
import { FormatError, NotSupportedError, SyscallError, UsageError } from "../../src/errors/index.ts";
import { flushKernelBtf, kernelBtf } from "../../src/kernel/index.ts";
import { loadObject, readObject, VerifierError } from "../../src/load/index.ts";
import { openMap } from "../../src/map/index.ts";
import { isUntouched, type ProgramSpec } from "../../src/object/index.ts";
import type { Program } from "../../src/program/index.ts";
import { kernelAtLeast } from "../../src/sys/index.ts";
import { BpfAttachType, BpfMapFlag } from "../../src/uapi/index.ts";
import { withBpffs } from "../support/bpffs.ts";
import { isEmulated } from "../support/emulation.ts";
import { lacking } from "../support/feature.ts";

const fixture = (name: string): string => `test/bpf/${name}.bpf.o`;
const fds = (): number => readdirSync("/proc/self/fd").length;

/** Why a fixture does not load on the running kernel, for `skip`; false if it does. */
const needs = (major: number, minor: number, what: string): string | false =>
  kernelAtLeast(major, minor) ? false : `needs ${what} (Linux ${major}.${minor})`;
const atomics = needs(5, 12, "atomic operations");

/** Every failure of a load must leave the process and the bpffs as they were. */
function leavesNothing(call: () => unknown, expected: (error: unknown) => boolean, directory?: string): void {
  const before = fds();
  const pins = directory === undefined ? [] : readdirSync(directory);
  assert.throws(call, expected);
  assert.equal(fds(), before, "no fd is left");
  if (directory !== undefined) assert.deepEqual(readdirSync(directory), pins, "no pin is left");
}

test("an object loads: programs, maps decoded by BTF, variables", () => {
  const before = fds();
  const spec = readObject(fixture("counter"));
  assert.equal(spec.name, "counter");
  {
    using object = loadObject(spec);
    assert.deepEqual(Object.keys(object.programs).sort(), ["egress", "forked", "ingress"]);
    const { counts } = object.maps;
    counts?.set({ protocol: 6, egress: 1, port: 443 }, { packets: 2n, bytes: 120n });
    assert.deepEqual(
      [...(counts ?? [])],
      [
        [
          { protocol: 6, egress: 1, port: 443 },
          { packets: 2n, bytes: 120n },
        ],
      ],
    );
    assert.equal(object.variables.packets_seen?.value, 0n);
    assert.equal(object.programs.egress?.typeName, "cgroup_skb");
    assert.match(object.programs.egress?.tag ?? "", /^[0-9a-f]{16}$/);
  }
  assert.equal(fds(), before, "close() closes everything");
});

test("a program sees the variables that were set before the load, and the host what it wrote", () => {
  const spec = readObject(fixture("counter"));
  const { threshold } = spec.variables;
  assert.ok(threshold?.isConstant);
  threshold.value = 1000;
  using object = loadObject(spec);
  assert.equal(object.variables.threshold?.value, 1000);
  // An IPv4 packet of 20 bytes, below the threshold.
  const packet = new Uint8Array(64);
  packet[12] = 0x08;
  packet[14] = 0x45;
  object.programs.egress?.run({ dataIn: packet });
  assert.equal(object.variables.packets_seen?.value, 1n);
  assert.equal(object.variables.packets_ignored?.value, 1n);
  assert.equal([...(object.maps.counts ?? [])].length, 0);
  const seen = object.variables.packets_seen;
  if (seen !== undefined) seen.value = 40n;
  object.programs.egress?.run({ dataIn: packet });
  assert.equal(seen?.value, 41n);
  assert.equal(object.variables.packets_ignored?.value, 2n, "a write touches its own bytes only");
  assert.throws(() => {
    if (object.variables.threshold !== undefined) object.variables.threshold.value = 1;
  }, /constant/);
});

test("a wrong value for a variable names it", () => {
  const spec = readObject(fixture("counter"));
  for (const value of [-1, 2 ** 32, "many", {}]) {
    assert.throws(
      () => {
        if (spec.variables.threshold !== undefined) spec.variables.threshold.value = value;
      },
      (error) => error instanceof UsageError && /threshold/.test(error.message),
    );
  }
});

test("maps can be replaced by compatible ones; the difference is told of others", () => {
  using first = loadObject(fixture("counter"));
  using second = loadObject(fixture("counter"), { maps: { counts: first.maps.counts! } });
  assert.equal(second.maps.counts?.id, first.maps.counts?.id);
  leavesNothing(
    () => loadObject(fixture("counter"), { maps: { counts: first.maps.forks! } }),
    (error) =>
      error instanceof UsageError &&
      /map forks cannot be used in place of map counts: it has type lru_hash instead of hash/.test(error.message),
  );
  leavesNothing(
    () => loadObject(fixture("counter"), { maps: { nope: first.maps.forks! } }),
    (error) => error instanceof UsageError && /has no map nope; it has /.test(error.message),
  );
});

test("programs can be chosen", () => {
  using object = loadObject(fixture("counter"), { programs: ["forked"] });
  assert.deepEqual(Object.keys(object.programs), ["forked"]);
  leavesNothing(
    () => loadObject(fixture("counter"), { programs: ["nope"] }),
    (error) => error instanceof UsageError && /has no program nope; it has .*egress/.test(error.message),
  );
});

test("pinned maps are pinned, used again, and their difference is told", { skip: atomics }, (t) => {
  const pinPath = withBpffs(t);
  let id: number | undefined;
  {
    using object = loadObject(fixture("maps-pinned"), { pinPath });
    id = object.maps.pinned?.id;
    assert.equal(object.maps.pinned?.pinnedPath, `${pinPath}/pinned`);
  }
  {
    using again = loadObject(fixture("maps-pinned"), { pinPath });
    assert.equal(again.maps.pinned?.id, id);
  }
  const spec = readObject(fixture("maps-pinned"));
  if (spec.maps.pinned !== undefined) spec.maps.pinned.maxEntries += 1;
  assert.throws(
    () => loadObject(spec, { pinPath }),
    (error) => error instanceof UsageError && /the map pinned at .* differs: max_entries/.test(error.message),
  );
});

test("a map that somebody else pins during the load is used", { skip: atomics }, (t) => {
  const pinPath = withBpffs(t);
  const spec = readObject(fixture("maps-pinned"));
  const { pinned } = spec.maps;
  assert.ok(pinned);
  const { maxEntries } = pinned;
  let id: number | undefined;
  // The number is asked for when the map is made: there was no pin yet.
  Object.defineProperty(pinned, "maxEntries", {
    get: () => {
      if (id === undefined) {
        id = 0;
        using first = loadObject(fixture("maps-pinned"), { pinPath });
        id = first.maps.pinned?.id;
      }
      return maxEntries;
    },
  });
  const before = fds();
  {
    using object = loadObject(spec, { pinPath });
    assert.ok(id !== undefined && id !== 0);
    assert.equal(object.maps.pinned?.id, id);
  }
  assert.equal(fds(), before);
});

test("pinMaps pins every map; a failure takes pins and directories away again", (t) => {
  const directory = withBpffs(t);
  const pinMaps = `${directory}/deep/maps`;
  {
    using object = loadObject(fixture("counter"), { pinMaps });
    assert.equal(Object.keys(object.maps).length, readdirSync(pinMaps).length);
    using counts = openMap({ pinned: `${pinMaps}/counts` });
    assert.equal(counts.id, object.maps.counts?.id);
  }
  for (const name of readdirSync(pinMaps)) rmSync(join(pinMaps, name));
  rmSync(join(directory, "deep"), { recursive: true });
  leavesNothing(
    () => loadObject(fixture("verifier-null"), { pinMaps }),
    (error) => error instanceof VerifierError,
    directory,
  );
});

const refusals: readonly [name: string, telling: RegExp, source: RegExp][] = [
  ["verifier-null", /R0 invalid mem access 'map_value_or_null'/, /verifier-null\.bpf\.c:\d+: return \*value;/],
  [
    "verifier-bounds",
    /outside of the (packet|allowed memory range|object)/,
    /verifier-bounds\.bpf\.c:\d+: return data\[20\];/,
  ],
  ["verifier-loop", /BPF program is too large|infinite loop/, /verifier-loop\.bpf\.c:\d+/],
  ["core-unguarded", /CO-RE relocation <byte_off> .*no_such_member/, /core-unguarded\.bpf\.c:\d+/],
  ["license-other", /cannot call GPL-restricted function/, /license-other\.bpf\.c:\d+/],
];
for (const [name, telling, source] of refusals) {
  // The verifier goes a million steps before it gives up, three times.
  const skip = name === "verifier-loop" && isEmulated ? "takes minutes under emulation" : false;
  test(`the verifier's refusal has the telling line first, and the source: ${name}`, { skip }, () => {
    leavesNothing(
      () => loadObject(fixture(name)),
      (error) => {
        assert.ok(error instanceof VerifierError, String(error));
        assert.match(error.message, telling);
        assert.match(error.sourceLine ?? "", source);
        assert.ok(error.log.length > 0 && error.errno > 0);
        return true;
      },
    );
  });
}

const missing: readonly [name: string, message: RegExp][] = [
  ["kconfig-missing", /extern CONFIG_NOT_IN_ANY_KERNEL is not resolved/],
  ["kfuncs-missing", /extern bpf_not_in_any_kernel is not resolved/],
  ["ksyms-missing", /extern not_in_any_kernel is not resolved/],
  ["sections-unknown", /section my_own_section is not a known section name, so the program has no type/],
  ["minimal-be", /big-endian/],
];
for (const [name, message] of missing) {
  test(`what is missing has a name: ${name}`, () => {
    leavesNothing(
      () => loadObject(fixture(name)),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test("files that are no objects say what they are", (t: TestContext) => {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-load-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const write = (name: string, data: string | Uint8Array): string => {
    writeFileSync(join(directory, name), data);
    return join(directory, name);
  };
  const whole = readFileSync(fixture("counter"));
  const files: readonly [path: string, kind: typeof UsageError | typeof FormatError, message: RegExp][] = [
    [join(directory, "none.o"), UsageError, /none\.o cannot be read: there is no such file/],
    [directory, UsageError, /it is a directory/],
    [write("empty.o", ""), UsageError, /is empty/],
    [write("text.o", "hello, world, this is not ELF at all\n"), FormatError, /text\.o/],
    [write("half.o", whole.subarray(0, whole.length / 2)), FormatError, /half\.o/],
  ];
  for (const [path, kind, message] of files) {
    leavesNothing(
      () => loadObject(path),
      (error) => error instanceof kind && message.test(error.message),
    );
  }
});

test("the verifier's log can be had of programs that load", () => {
  const logs = new Map<string, string>();
  using object = loadObject(fixture("counter"), { logLevel: 1, onLog: (program, log) => logs.set(program, log) });
  assert.deepEqual([...logs.keys()].sort(), Object.keys(object.programs).sort());
  assert.match(logs.get("egress") ?? "", /processed \d+ insns/);
});

test("initial elements of prog arrays and maps of maps are set", { skip: atomics }, () => {
  using tails = loadObject(fixture("maps-tail-calls"));
  const array = Object.values(tails.maps).find(({ typeName }) => typeName === "prog_array");
  const programIds = new Set(Object.values(tails.programs).map(({ id }) => id));
  const ids = [...(array?.values() ?? [])];
  assert.ok(ids.length > 0 && ids.every((id) => programIds.has(id)), String(ids));
  using nested = loadObject(fixture("maps-nested"));
  const mapIds = new Set(Object.values(nested.maps).map(({ id }) => id));
  const outers = Object.values(nested.maps).filter(({ typeName }) => typeName.endsWith("of_maps"));
  const inner = outers.flatMap((outer) => [...outer.values()]);
  assert.ok(inner.length > 0 && inner.every((id) => mapIds.has(id)), String(inner));
});

test("kconfig values can be given, and go before the kernel's own", { skip: needs(5, 14, "syscall programs") }, () => {
  const kconfig = "CONFIG_NOT_IN_ANY_KERNEL=7\nCONFIG_HZ=12345\n";
  using object = loadObject(fixture("kconfig-missing"), { kconfig });
  assert.ok(Object.keys(object.programs).length > 0);
  using other = loadObject(fixture("kconfig"), { kconfig });
  assert.equal(other.maps[".kconfig"]?.get(0).CONFIG_HZ, 12345);
});

test("a name that several symbols of the kernel have is refused", (t) => {
  const names = readFileSync("/proc/kallsyms", "latin1")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([address, , name]) => address !== undefined && name?.includes("\t") === false && !/^0+$/.test(address));
  const addresses = new Map<string, string>();
  const twice = names.find(([address = "", , name = ""]) => {
    const before = addresses.get(name);
    addresses.set(name, address);
    return before !== undefined && before !== address && /^\w+$/.test(name);
  })?.[2];
  if (twice === undefined) return t.skip("no two symbols have one name, or the addresses are hidden");
  const spec = readObject(fixture("ksyms"));
  const { bpf_prog_put } = spec.externs;
  assert.ok(bpf_prog_put);
  spec.externs.bpf_prog_put = { ...bpf_prog_put, name: twice };
  leavesNothing(
    () => loadObject(spec),
    (error) =>
      error instanceof UsageError && error.message.includes(`extern ${twice} is ambiguous: several kernel symbols`),
  );
});

test("a device that cannot take programs is refused, so the kernel was asked", () => {
  const ifindex = Number(readFileSync("/sys/class/net/lo/ifindex", "utf8"));
  leavesNothing(
    () => loadObject(fixture("run"), { ifindex }),
    (error) => error instanceof SyscallError && error.errno > 0,
  );
});

test("a USDT program is for a uprobe_multi link where the kernel has them", {
  skip: needs(6, 0, "sleepable uprobes"),
}, () => {
  const spec = readObject(fixture("sections-probe"));
  const names = Object.values(spec.programs).filter(({ sectionName }) => /^usdt/.test(sectionName));
  assert.ok(names.length > 0);
  using object = loadObject(spec, { programs: names.map(({ name }) => name) });
  const wanted = kernelAtLeast(6, 10) ? BpfAttachType.BPF_TRACE_UPROBE_MULTI : undefined;
  for (const { origin } of Object.values(object.programs)) assert.equal(origin.attachType, wanted);
});

test("a struct_ops map that is not to be created needs nothing of the kernel, and its programs stay out", {
  skip: needs(6, 4, "struct_ops links"),
}, () => {
  const spec = readObject(fixture("struct-ops-optional"));
  const { bpfts_optional: optional } = spec.maps;
  assert.ok(optional?.structOps !== undefined && !optional.autocreate);
  spec.maps.bpfts_optional = { ...optional, structOps: { ...optional.structOps, typeName: "not_in_any_kernel" } };
  using object = loadObject(spec);
  // One section says that its program is optional, but the struct needs it; of the other the opposite is true.
  assert.deepEqual(Object.keys(object.programs).sort(), ["acknowledged", "always", "optional_program"]);
  assert.equal(object.structOps.bpfts_always?.length, object.maps.bpfts_always?.valueSize);
});

test("a struct_ops program for two members, or for a struct that this kernel lacks, is refused", () => {
  const spec = readObject(fixture("struct-ops-optional"));
  assert.ok(spec.maps.bpfts_optional);
  spec.maps.bpfts_optional.autocreate = true;
  leavesNothing(
    () => loadObject(spec),
    (error) =>
      error instanceof UsageError &&
      /only_optional: map bpfts_optional uses the program for several/.test(error.message),
  );
  const { bpfts_always: always } = spec.maps;
  assert.ok(always?.structOps);
  spec.maps.bpfts_always = { ...always, structOps: { ...always.structOps, typeName: "not_in_any_kernel" } };
  leavesNothing(
    () => loadObject(spec),
    (error) => error instanceof NotSupportedError && /struct_ops not_in_any_kernel/.test(error.message),
  );
});

test("functions in sections that name no program type are linked into the program that calls them", () => {
  using object = loadObject(fixture("functions-sections"));
  assert.deepEqual(Object.keys(object.programs), ["lengths"]);
  // Twice the length of the packet by one function and once by another.
  assert.equal(object.program("lengths").run({ dataIn: new Uint8Array(64) }).retval, 3 * 64);
});

test("the zeros of a .bss are not made to be written into its map", () => {
  for (const useLoader of kernelAtLeast(5, 14) ? [false, true] : [false]) {
    const spec = readObject(fixture("counter"));
    using object = loadObject(spec, { useLoader });
    assert.ok(isUntouched(spec.map(".bss")));
    assert.equal(object.variable("packets_seen").value, 0n);
    const changed = readObject(fixture("counter"));
    changed.variable("packets_seen").value = 5n;
    using other = loadObject(changed, { useLoader });
    assert.equal(other.variable("packets_seen").value, 5n);
  }
});

test("a target that is missing, or that lacks the function, is told with what to do", () => {
  using target = loadObject(fixture("freplace-target"));
  const replacing = (change: (program: ProgramSpec) => void, targets?: Record<string, Program>): (() => unknown) => {
    const spec = readObject(fixture("links-tracing"));
    change(spec.program("on_freplace"));
    return () => loadObject(spec, { programs: ["on_freplace"], targets });
  };
  const entry = target.program("entry");
  const nothing = (): void => {};
  const mistakes: readonly [call: () => unknown, message: RegExp][] = [
    [
      replacing(nothing),
      /replaces a function of a loaded program.*\{ targets: \{ on_freplace: program \} \}; the command/,
    ],
    [replacing(nothing, { on_freplac: entry }), /has no program on_freplac \(did you mean on_freplace\?\)/],
    [
      replacing(
        (program) => {
          program.attachTo = "replacable";
        },
        { on_freplace: entry },
      ),
      /program entry has no function replacable \(did you mean replaceable\?\); it has .*replaceable/,
    ],
    [
      replacing(
        (program) => {
          program.attachTo = "";
        },
        { on_freplace: entry },
      ),
      /names no function of program entry; set spec\.program\("on_freplace"\)\.attachTo/,
    ],
    [
      () => {
        const spec = readObject(fixture("sections-fentry"));
        const [program] = Object.values(spec.programs);
        assert.ok(program !== undefined);
        program.attachTo = "nosuch:do_exit";
        loadObject(spec, { programs: [program.name] });
      },
      /attaches to nosuch:do_exit, but no module nosuch with BTF is loaded; load it with: modprobe nosuch/,
    ],
  ];
  for (const [call, message] of mistakes) {
    leavesNothing(call, (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("an option that loadObject or readObject does not have is refused", () => {
  const load = (options: object) => () => loadObject(fixture("minimal"), options);
  assert.throws(load({ program: ["pass"] }), /loadObject has no option 'program'; it has programs, maps,/);
  assert.throws(load({ useLoader: "yes" }), /loadObject: the option 'useLoader' must be true or false, not "yes"/);
  assert.throws(() => readObject(fixture("minimal"), { legacy: true } as object), /readObject has no option 'legacy';/);
  const wrong: readonly [options: object, message: RegExp][] = [
    [{ programs: "pass" }, /loadObject: the option 'programs' must be an array of names, or a function/],
    [{ programs: [5] }, /the option 'programs' must be an array of names/],
    [
      { maps: { counts: 5 } },
      /loadObject: the option 'maps' must contain a BpfMap for counts, for example one that openMap/,
    ],
    [{ targets: { pass: "do_exit" } }, /loadObject: the option 'targets' has no Program for pass; give one/],
    [{ kernelBtf: 5 }, /loadObject: the option 'kernelBtf' must be the path of a file, or a Btf/],
    [{ sign: {} }, /the option 'sign' of loadObject needs the option 'privateKey'/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      load(options),
      (error) => error instanceof UsageError && message.test(error.message),
      String(message),
    );
  }
  for (const object of [undefined, 5, {}]) {
    assert.throws(
      () => loadObject(object as never),
      /an object must be the path of an object file, the file's bytes, or what readObject/,
    );
  }
});

test("a callback that the kernel's struct lacks is refused, unless the caller takes it out", () => {
  const bytes = Buffer.from(readFileSync(fixture("struct-ops-optional")));
  for (let at = bytes.indexOf("undo_cwnd"); at >= 0; at = bytes.indexOf("undo_cwnd", at)) bytes.write("undo_noth", at);
  const spec = readObject(bytes);
  leavesNothing(
    () => loadObject(spec),
    (error) =>
      error instanceof UsageError &&
      /struct tcp_congestion_ops has no member undo_noth, which the object sets to program optional_program;/.test(
        error.message,
      ),
  );
  const { callbacks } = spec.map("bpfts_always").structOps ?? assert.fail();
  callbacks.splice(
    callbacks.findIndex(({ member }) => member === "undo_noth"),
    1,
  );
  spec.program("optional_program").autoload = false;
  if (!kernelAtLeast(6, 4)) return;
  using object = loadObject(spec);
  assert.deepEqual(Object.keys(object.programs).sort(), ["acknowledged", "always"]);
});

test("an arena loads without a fixed address, and with one again and again", { skip: lacking("map:arena") }, () => {
  for (const mapExtra of [1n << 44n, 0n, 1n << 44n]) {
    const spec = readObject(fixture("maps-arena"));
    spec.map("arena").mapExtra = mapExtra;
    using object = loadObject(spec);
    assert.equal(object.variable("arena_counter").value, 41n);
    assert.equal(object.program("use").run().retval, 0);
    assert.equal(object.variable("arena_counter").value, 42n);
  }
});

test("two arenas cannot lie at one address, and one that faults holds no globals", {
  skip: lacking("map:arena"),
}, () => {
  using first = loadObject(fixture("maps-arena"));
  assert.equal(first.variable("arena_counter").value, 41n);
  leavesNothing(
    () => loadObject(fixture("maps-arena")),
    (error) =>
      error instanceof UsageError && /map arena must be mapped at address 0x100000000000, where/.test(error.message),
  );
  const spec = readObject(fixture("maps-arena"));
  spec.map("arena").flags |= BpfMapFlag.BPF_F_SEGV_ON_FAULT;
  leavesNothing(
    () => loadObject(spec),
    (error) => error instanceof UsageError && /BPF_F_SEGV_ON_FAULT cannot hold global variables/.test(error.message),
  );
});

test("a global function takes the context by void pointer and tag, also before Linux 6.8", () => {
  using object = loadObject(fixture("global-arguments"), { programs: ["sampled"] });
  assert.equal(object.programs.sampled?.typeName, "perf_event");
});

const tooNew: readonly [name: string, major: number, minor: number, message: RegExp][] = [
  ["run", 5, 14, /does not support syscall programs \(Linux 5\.14 or newer has it\): program add needs it/],
  ["sections-netfilter", 6, 4, /netfilter programs \(Linux 6\.4/],
  ["maps-keyless", 5, 16, /bloom_filter maps \(Linux 5\.16/],
  ["struct-ops-optional", 6, 4, /flags 0x2000 of struct_ops maps \(Linux 6\.4/],
  ["isa-jump-table", 6, 19, /insn_array maps \(Linux 6\.19/],
];
for (const [name, major, minor, message] of tooNew) {
  const skip = kernelAtLeast(major, minor) ? `this kernel is not older than ${major}.${minor}` : false;
  test(`what the kernel is too old for has a name and a version: ${name}`, { skip }, () => {
    leavesNothing(
      () => loadObject(fixture(name)),
      (error) => {
        const cause = error instanceof NotSupportedError ? error : (error as Error).cause;
        assert.ok(cause instanceof NotSupportedError, String(error));
        assert.match(cause.message, message);
        return true;
      },
    );
  });
}

test("after the kernel's BTF was flushed a load reads it anew", () => {
  const before = kernelBtf();
  assert.equal(kernelBtf(), before);
  flushKernelBtf();
  const after = kernelBtf();
  assert.notEqual(after, before);
  // What somebody still holds stays readable.
  assert.equal(before.find("task_struct", BtfKind.STRUCT), after.find("task_struct", BtfKind.STRUCT));
  using object = loadObject("test/bpf/counter.bpf.o");
  assert.ok(Object.keys(object.programs).length > 0);
});

test("a program, map or variable is found by name, or the names there are are told", () => {
  const spec = readObject(fixture("counter"));
  using object = loadObject(spec);
  for (const owner of [spec, object]) {
    assert.equal(owner.program("egress").name, "egress");
    assert.equal(owner.map("counts"), owner.maps.counts);
    assert.equal(owner.variable("packets_seen"), owner.variables.packets_seen);
    assert.throws(
      () => owner.program("egres"),
      (error) =>
        error instanceof UsageError &&
        /^object counter has no program egres \(did you mean egress\?\); it has .*egress/.test(error.message),
    );
    assert.throws(() => owner.map("nothing"), /^UsageError: object counter has no map nothing; it has .*counts/);
    for (const inherited of ["toString", "constructor", "__proto__", "hasOwnProperty"]) {
      assert.throws(() => owner.variable(inherited), new RegExp(`has no variable ${inherited}; it has `));
    }
  }
});
