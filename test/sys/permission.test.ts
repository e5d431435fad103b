import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Errno } from "../../src/errors/index.ts";
import { explainPermission, kernelAtLeast, neededCapabilities, type PermissionContext } from "../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { runDelegated } from "../support/delegated.ts";
import { withoutCapabilities } from "../support/privileges.ts";

const SYS = JSON.stringify(import.meta.resolve("bpfts/sys"));

/** Runs code in a Node without some capabilities and returns the message of the error it ends with. */
function messageWithout(capabilities: string, code: string): string {
  const script = `const sys = await import(${SYS});
    const insns = new Uint8Array([0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
    try { ${code}; console.log("it worked"); } catch (error) { console.log(error.message); }`;
  const [command, ...args] = withoutCapabilities(capabilities);
  const words = [...args, process.execPath, "--input-type=module", "-e", script];
  return execFileSync(command, words, { encoding: "utf8" }).trim();
}

const ALL = "-all";
const REFUSALS: readonly [without: string, code: string, message: RegExp][] = [
  [
    ALL,
    'sys.mapCreate({ map_type: 1, key_size: 4, value_size: 4, max_entries: 1, map_name: "m" })',
    /^map "m": bpf\(BPF_MAP_CREATE\): Operation not permitted \(EPERM\); CAP_BPF is missing for hash maps \(kernel\.unprivileged_bpf_disabled is \d\): run as root, or grant this capability$/,
  ],
  [
    ALL,
    'sys.progLoad({ prog_type: 6, insns, prog_name: "x" })',
    /^program "x": bpf\(BPF_PROG_LOAD\): .*; CAP_BPF and CAP_NET_ADMIN are missing for xdp programs/,
  ],
  [
    "-sys_admin,-net_admin",
    "sys.progLoad({ prog_type: 6, insns })",
    /; CAP_NET_ADMIN is missing for xdp programs: run as root, or grant this capability$/,
  ],
  [
    "-sys_admin,-perfmon",
    "sys.progLoad({ prog_type: 17, insns })",
    /; CAP_PERFMON is missing for raw_tracepoint programs:/,
  ],
  ["-sys_admin", "sys.progGetFdById(1)", /^program id 1: .*\(EPERM\); CAP_SYS_ADMIN is missing: run as root/],
  ["-sys_admin", "sys.enableStats()", /^bpf\(BPF_ENABLE_STATS\): .*; CAP_SYS_ADMIN is missing/],
  ["-sys_admin", 'sys.mount({ target: "/mnt", type: "bpf" })', /^\/mnt: mount: .*; CAP_SYS_ADMIN is missing/],
  ["-sys_admin", "sys.progLoad({ prog_type: 6, insns })", /^it worked$/],
];

for (const [without, code, message] of REFUSALS) {
  test(`without ${without.replaceAll("-", "")}: ${code}`, () => {
    assert.match(messageWithout(without, code), message);
  });
}

test("what a call needs", () => {
  const cases: readonly [PermissionContext, string[]][] = [
    [{}, []],
    [{ progType: BpfProgType.BPF_PROG_TYPE_XDP }, ["CAP_BPF", "CAP_NET_ADMIN"]],
    [{ progType: BpfProgType.BPF_PROG_TYPE_EXT }, ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"]],
    [{ progType: BpfProgType.BPF_PROG_TYPE_SYSCALL }, ["CAP_BPF"]],
    [{ mapType: BpfMapType.BPF_MAP_TYPE_SOCKMAP }, ["CAP_BPF", "CAP_NET_ADMIN"]],
    [{ needs: ["CAP_SYS_ADMIN"] }, ["CAP_SYS_ADMIN"]],
  ];
  for (const [context, needs] of cases) assert.deepEqual(neededCapabilities(context), needs);
});

test("only refusals are explained, and only what is known is said", () => {
  assert.equal(explainPermission(Errno.EINVAL, { needs: ["CAP_BPF"] }), undefined);
  assert.equal(explainPermission(Errno.EPERM), undefined);
  // The verifier's EACCES is about the program.
  assert.equal(explainPermission(Errno.EACCES, { progType: BpfProgType.BPF_PROG_TYPE_XDP }), undefined);
  assert.match(
    explainPermission(Errno.EPERM, { progType: BpfProgType.BPF_PROG_TYPE_LSM }) ?? "",
    /^no capability is missing: this kernel itself refuses lsm programs on a trampoline/,
  );
});

test("a token in a user namespace", async (t) => {
  if (!kernelAtLeast(6, 9)) return t.skip("tokens came with 6.9");
  const result = await runDelegated<
    Partial<Record<"token" | "allowed" | "without" | "withToken" | "program", unknown>>
  >(t, "token-child.js");
  assert.ok((result.token as number) > 0, String(result.token));
  if (kernelAtLeast(6, 17)) assert.match(String(result.allowed), /^[0-9a-f]+$/);
  assert.match(String(result.without), /EPERM.*user namespace/);
  assert.equal(result.withToken, 1);
  assert.equal(result.program, 2);
});
