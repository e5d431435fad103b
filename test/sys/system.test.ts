import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { release } from "node:os";
import { test } from "node:test";
import { BpfError, FormatError, UsageError } from "../../src/errors/index.ts";
import {
  bootTime,
  bootToWallClock,
  bpffsMounts,
  capabilities,
  cgroup2Mount,
  cgroupId,
  inInitialUserNamespace,
  isBpffs,
  isCgroup2,
  kernelAtLeast,
  kernelConfig,
  kernelFunctionNames,
  kernelSymbols,
  kernelSymbolsByAddress,
  kernelSymbolsByName,
  kernelVersion,
  mountBpffs,
  mounts,
  onlineCpus,
  parseCpuList,
  parseFdInfo,
  parseKernelConfig,
  parseMountinfo,
  parseVersion,
  possibleCpus,
  progInfo,
  progLoad,
  setMemlock,
  unprivilegedBpfDisabled,
} from "../../src/sys/index.ts";
import { syscallNumber } from "../../src/sys/syscall-numbers.ts";
import { withBpffs } from "../support/bpffs.ts";
import { withCgroup } from "../support/cgroup.ts";
import { owned } from "../support/cleanup.ts";
import { withVeth } from "../support/netns.ts";
import { returning } from "../support/programs.ts";

test("versions", () => {
  const cases: readonly [text: string, expected: readonly number[] | undefined][] = [
    ["6.18.44-fc", [6, 18, 44]],
    ["5.10", [5, 10, 0]],
    ["5.4.8\n", [5, 4, 8]],
    ["linux", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) {
    const version = parseVersion(text);
    assert.deepEqual(version === undefined ? undefined : [version.major, version.minor, version.patch], expected);
  }
  assert.equal(parseVersion("4.19.300")?.code, (4 << 16) | (19 << 8) | 255);
  assert.ok(release().startsWith(`${kernelVersion().major}.`));
  assert.equal(kernelAtLeast(2, 6), true);
  assert.equal(kernelAtLeast(99, 0), false);
});

test("mountinfo", () => {
  const text = [
    "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:3 - ext3 /dev/ro\\134ot rw,errors=continue",
    "37 36 0:30 / /sys/fs/bpf rw - bpf bpf rw,mode=700",
    "broken line",
    "",
  ].join("\n");
  const [first, second, ...rest] = parseMountinfo(text);
  assert.deepEqual(rest, []);
  assert.deepEqual(first, {
    id: 36,
    parent: 35,
    device: "98:0",
    root: "/mnt1",
    path: "/mnt 2",
    options: ["rw", "noatime"],
    type: "ext3",
    source: "/dev/ro\\ot",
    superOptions: ["rw", "errors=continue"],
  });
  assert.deepEqual([second?.type, second?.path, second?.superOptions], ["bpf", "/sys/fs/bpf", ["rw", "mode=700"]]);
  assert.ok(mounts().some(({ path }) => path === "/proc"));
});

test("lists of CPUs", () => {
  assert.deepEqual(parseCpuList("0-3,8\n"), [0, 1, 2, 3, 8]);
  assert.deepEqual(parseCpuList("0"), [0]);
  for (const bad of ["", "a", "3-1", "0-999999999999", "1,,2", "-1"]) {
    assert.throws(() => parseCpuList(bad), FormatError, bad);
  }
  assert.ok(possibleCpus() >= onlineCpus().length);
});

test("fdinfo and kernel config", () => {
  const info = parseFdInfo("pos:\t0\nmap_id:\t12\nprog_tag:\t0123456789abcdef\n\n");
  assert.equal(info.get("map_id"), "12");
  assert.equal(info.get("prog_tag"), "0123456789abcdef");
  const config = parseKernelConfig('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="x=y"\nCONFIG_HZ=250\n');
  assert.deepEqual(
    [...config],
    [
      ["CONFIG_A", "y"],
      ["CONFIG_C", '"x=y"'],
      ["CONFIG_HZ", "250"],
    ],
  );
  // Where the system tells its configuration at all, it has BPF.
  assert.ok(["y", undefined].includes(kernelConfig()?.get("CONFIG_BPF_SYSCALL")));
});

test("kernel symbols by name and by address", () => {
  const text = readFileSync("/proc/kallsyms", "utf8").split("\n");
  const names = ["__bpf_call_base", "vfs_read"];
  const byName = kernelSymbolsByName([...names, "no_such_symbol"]);
  assert.deepEqual([...byName.keys()].sort(), names);
  for (const name of names) {
    const line = text.find((candidate) => candidate.endsWith(` ${name}`)) ?? "";
    assert.equal(byName.get(name)?.address, BigInt(`0x${line.split(" ")[0]}`));
    assert.equal(byName.get(name)?.type, line.split(" ")[1]);
  }
  const address = byName.get("vfs_read")?.address ?? 0n;
  assert.equal(kernelSymbolsByAddress([address, 1n, 0n]).get(address)?.address, address);
  assert.equal(kernelSymbolsByAddress([]).size, 0);
  let count = 0;
  for (const symbol of kernelSymbols()) {
    count += 1;
    if (count <= 50) assert.equal(`${symbol.address.toString(16).padStart(16, "0")}`, text[count - 1]?.split(" ")[0]);
  }
  const functions = text.slice(0, 20_000).filter((line) => /^\S+ [tTwW] /.test(line));
  const functionNames = kernelFunctionNames();
  for (const line of functions) assert.equal(functionNames.next().value, line.split(/[ \t]/)[2]);
  functionNames.return();
  // Programs come and go meanwhile.
  assert.ok(Math.abs(count - (text.length - 1)) < 1000);
});

test("clocks", (t) => {
  const fd = owned(t, progLoad({ prog_type: 1, insns: returning(0) }));
  const loaded = progInfo(fd).load_time;
  const age = bootTime() - loaded;
  assert.ok(age >= 0n && age < 60_000_000_000n, `${age}`);
  const wall = Number((loaded + bootToWallClock()) / 1_000_000n);
  assert.ok(Math.abs(wall - Date.now()) < 60_000);
});

test("a bpffs of our own", (t) => {
  const path = withBpffs(t);
  assert.equal(isBpffs(path), true);
  assert.equal(isBpffs("/"), false);
  assert.equal(isBpffs("/no/such/place"), false);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.ok(bpffsMounts().includes(path));
  assert.throws(() => mountBpffs("/no/such/place"), UsageError);
});

test("cgroups", (t) => {
  const root = cgroup2Mount();
  assert.ok(root !== undefined && isCgroup2(root));
  const { path } = withCgroup(t);
  assert.ok(isCgroup2(path));
  assert.notEqual(cgroupId(path), cgroupId(root));
});

test("a veth pair into a network namespace", async (t) => {
  const veth = withVeth(t);
  assert.ok(veth.ifindex > 1 && veth.peerIfindex > 1);
  const server = createServer().listen(0, veth.address);
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const script = `require("net").connect(${port}, "${veth.address}", function () { console.log(this.localAddress); this.destroy(); })`;
  assert.equal(veth.netns.run(process.execPath, "-e", script).trim(), veth.peerAddress);
});

test("rights and settings", () => {
  assert.equal(capabilities().CAP_BPF, true);
  assert.equal(inInitialUserNamespace(), true);
  assert.ok([0, 1, 2, undefined].includes(unprivilegedBpfDisabled()));
  assert.equal(typeof setMemlock(), "boolean");
});

test("system calls by architecture", () => {
  assert.equal(syscallNumber("bpf", "x64"), 321);
  assert.equal(syscallNumber("bpf", "arm64"), 280);
  assert.equal(syscallNumber("bpf", "riscv64"), 280);
  assert.throws(() => syscallNumber("bpf", "mips"), BpfError);
  assert.throws(() => syscallNumber("bpf", "s390x"), {
    message: "bpfts cannot call the kernel on s390x: it supports only x64, arm64 and riscv64",
  });
});
