import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { withFileSystem } from "../../sys/index.ts";
import type { MachineCondition } from "./feature.ts";

const answers = new Map<MachineCondition, string | undefined>();

/** Why a condition does not hold on this machine; undefined where it does, or where that cannot be told. */
export function machineLack(condition: MachineCondition): string | undefined {
  if (!answers.has(condition)) answers.set(condition, CHECKS[condition]());
  return answers.get(condition);
}

const CHECKS: Readonly<Record<MachineCondition, () => string | undefined>> = {
  trampoline: trampolineLack,
  lsm: () => {
    const list = securityFile("lsm");
    if (list !== undefined && !list.split(",").includes("bpf")) {
      return `bpf is not among the security modules (${list}): lsm=…,bpf on the kernel's command line`;
    }
    return trampolineLack();
  },
  counters: () =>
    existsSync("/sys/bus/event_source/devices/cpu") ? undefined : "this machine has no hardware performance counters",
};

/**
 * Upstream's lockdown refuses no trampoline. A vendor's that does also hides what could be traced: opening
 * available_filter_functions is EPERM for root. Each alone means something else, so both are asked.
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
