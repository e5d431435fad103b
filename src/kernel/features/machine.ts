import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { assemble, exit, mov, r0 } from "../../asm/index.ts";
import { BtfKind } from "../../btf/index.ts";
import { Errno } from "../../errors/index.ts";
import { withFileSystem } from "../../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../uapi/index.ts";
import { kernelBtf } from "../kernel-btf.ts";
import { tryLoad } from "./probes.ts";
import type { MachineCondition } from "./table.ts";

const answers = new Map<MachineCondition, string | undefined>();

/**
 * Returns why this machine does not meet a condition. Returns undefined if it meets the condition, or if that cannot be
 * determined.
 */
export function machineLack(condition: MachineCondition): string | undefined {
  if (!answers.has(condition)) answers.set(condition, CHECKS[condition]());
  return answers.get(condition);
}

const CHECKS: Readonly<Record<MachineCondition, () => string | undefined>> = {
  trampoline: trampolineLack,
  lsm: () => {
    const list = securityFile("lsm");
    if (list !== undefined && !list.split(",").includes("bpf")) {
      return `bpf is not one of the active security modules (${list}); add it to the list lsm= on the kernel's command line`;
    }
    return trampolineLack();
  },
  counters: () =>
    existsSync("/sys/bus/event_source/devices/cpu") ? undefined : "this machine has no hardware performance counters",
  element_iterators: elementIteratorLack,
};

/**
 * Explains why the kernel refuses trampolines. In the kernels of some vendors (not in the upstream kernel), lockdown
 * forbids them. These kernels also forbid even root to open available_filter_functions (EPERM). Lockdown alone, or
 * EPERM alone, proves nothing, so this function checks both.
 */
function trampolineLack(): string | undefined {
  const state = /\[(\w+)\]/.exec(securityFile("lockdown") ?? "")?.[1];
  if (state === undefined || state === "none") return undefined;
  const isHidden = tryOr(false, () =>
    withFileSystem("tracefs", (path) => {
      try {
        closeSync(openSync(`${path}/available_filter_functions`, "r"));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
      }
    }),
  );
  return isHidden ? `a vendor's lockdown (${state}) refuses BPF trampolines on this machine` : undefined;
}

/**
 * Explains why the kernel refuses iterators over the elements of a map. Loads two minimal programs: one that iterates
 * over maps, and one that iterates over the elements of a map. If only the second load fails with EPERM, a missing
 * capability is not the cause.
 */
function elementIteratorLack(): string | undefined {
  const areRefused = iteratorLoadErrno("bpf_map") === 0 && iteratorLoadErrno("bpf_map_elem") === Errno.EPERM;
  return areRefused ? "this machine's kernel refuses iterators over the elements of a map" : undefined;
}

/** Loads an iterator program that does nothing. Returns the errno, or 0 if the load succeeds. */
function iteratorLoadErrno(target: string): number {
  return tryLoad({
    prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
    expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
    attach_btf_id: kernelBtf().find(`bpf_iter_${target}`, BtfKind.FUNC) ?? 0,
    insns: assemble([mov(r0, 0), exit()]),
  }).errno;
}

function securityFile(name: string): string | undefined {
  return tryOr(undefined, () => withFileSystem("securityfs", (path) => readFileSync(`${path}/${name}`, "utf8").trim()));
}

function tryOr<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
