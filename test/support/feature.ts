import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { BtfKind } from "../../src/btf/index.ts";
import { feature, featureLack } from "../../src/kernel/features/lack.ts";
import type { FeatureName } from "../../src/kernel/features/table.ts";
import { kernelBtf } from "../../src/kernel/index.ts";
import { kernelConfig } from "../../src/sys/index.ts";
import { isEmulated } from "./emulation.ts";

/** Debian's bpftool 7.8 with libbpf 1.8, which `scripts/peers.sh` downloads. */
export const BPFTOOL: string = join(process.cwd(), ".cache/peers/bpftool");

/** Compiles a C program with libbpf 1.8, which `scripts/peers.sh libbpf` downloads. */
export const LIBBPF_CC: string = join(process.cwd(), ".cache/peers/libbpf-cc");

/** The user "nobody", for options of spawn(). */
export const ORDINARY_USER = { uid: 65534, gid: 65534 } as const;

/** Something that a test may need and that is neither in the repository nor a kernel feature. */
interface Requirement {
  readonly what: string;
  readonly isMet: () => boolean;
  /** True if CI must provide it. If it is missing in CI, the test fails instead of being skipped. */
  readonly inCi: boolean;
}

// The inode numbers of the kernel's first namespaces: PROC_PID_INIT_INO and PROC_USER_INIT_INO.
const FIRST_NAMESPACES = { pid: 0xeffffffc, user: 0xeffffffd };

const REQUIREMENTS = {
  "tool:bpftool": {
    what: "bpftool 7.8 to compare with: run scripts/peers.sh",
    isMet: () => existsSync(BPFTOOL),
    inCi: true,
  },
  "tool:libbpf": {
    what: "gcc and libbpf 1.8: run scripts/peers.sh libbpf",
    isMet: () => existsSync(LIBBPF_CC),
    inCi: true,
  },
  "tool:bpftool_llvm": {
    what: "a bpftool that prints machine code, named by BPFTOOL_LLVM",
    isMet: () => process.env.BPFTOOL_LLVM !== undefined,
    inCi: false,
  },
  "tool:bash": tool("bash"),
  "tool:zsh": tool("zsh"),
  "tool:fish": tool("fish"),
  "tool:tmux": tool("tmux"),
  "tool:man": tool("man"),
  "tool:mandoc": tool("mandoc"),
  "machine:first_namespaces": {
    what: "the kernel's first pid and user namespaces, because the kernel's process ids differ from those in a container",
    isMet: () =>
      Object.entries(FIRST_NAMESPACES).every(([kind, inode]) => statSync(`/proc/self/ns/${kind}`).ino === inode),
    inCi: true,
  },
  "machine:ordinary_user": {
    what: "root, to become an ordinary user, and a Node that this user may run",
    isMet: () =>
      process.getuid?.() === 0 && spawnSync(process.execPath, ["-e", ""], { ...ORDINARY_USER, cwd: "/" }).status === 0,
    inCi: false,
  },
  "kernel:tc_classes": {
    what: "a kernel with the queueing discipline htb and the tc action mirred",
    isMet: () => ["CONFIG_NET_SCH_HTB", "CONFIG_NET_ACT_MIRRED"].every((option) => kernelConfig()?.has(option) ?? true),
    inCi: false,
  },
  "kernel:marked_kfuncs": {
    what: "a kernel whose BTF marks the kfuncs: built with pahole 1.26",
    isMet: () => kernelBtf().find("bpf_kfunc", BtfKind.DECL_TAG) !== undefined,
    inCi: false,
  },
  "machine:fast": {
    what: "a machine that is not emulated, because the test loads thousands of programs or starts a hundred processes",
    isMet: () => !isEmulated,
    inCi: false,
  },
  "machine:vm": {
    what: "a virtual machine, because a mistake could lock this kernel: npm run vm -- 6.12 node scripts/test.mjs WORD",
    isMet: () => process.env.BPFTS_VM !== undefined,
    inCi: false,
  },
} as const satisfies Readonly<Record<string, Requirement>>;

/** Returns the requirement for a program that the test runs. CI installs it, but a bare Debian does not have it. */
function tool(name: string): Requirement {
  const isMet = (): boolean => (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, name)));
  return { what: `the program ${name}`, isMet, inCi: false };
}

export type RequirementName = keyof typeof REQUIREMENTS;

/**
 * Returns true if the kernel and the machine have everything that a test needs. Otherwise skips the test with a reason
 * and returns false. The names are kernel features (src/kernel/features) or requirements of the table above. If the
 * table says that this kernel has a feature, the test runs, and fails if the kernel does not have it after all.
 *
 *     if (!needs(t, "link:tcx")) return;
 */
export function needs(t: Pick<TestContext, "skip">, ...names: readonly (FeatureName | RequirementName)[]): boolean {
  const reason = lacking(...names);
  if (reason !== false) t.skip(reason);
  return reason === false;
}

/** Returns the reason why a test must be skipped, or false: `test(name, { skip: lacking("map:arena") }, …)`. */
export function lacking(...names: readonly (FeatureName | RequirementName)[]): string | false {
  for (const name of names) {
    const reason = isRequirement(name) ? requirementLack(name) : kernelLack(name);
    if (reason !== undefined) return `${reason} [${name}]`;
  }
  return false;
}

function isRequirement(name: FeatureName | RequirementName): name is RequirementName {
  return Object.hasOwn(REQUIREMENTS, name);
}

function requirementLack(name: RequirementName): string | undefined {
  const { what, isMet, inCi }: Requirement = REQUIREMENTS[name];
  if (isMet()) return undefined;
  if (inCi && process.env.CI === "true") throw new Error(`CI lacks ${what} [${name}]`);
  return `needs ${what}`;
}

function kernelLack(name: FeatureName): string | undefined {
  const lack = featureLack(name);
  if (lack === undefined) return undefined;
  const { what } = feature(name);
  if (lack.kind === "version") return `needs Linux ${lack.since}: ${what}`;
  if (lack.kind === "config") return `needs ${lack.option}: ${what}`;
  return `${lack.reason}: ${what}`;
}
