import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { Program } from "../program/index.ts";
import { attachTypeByName, type BpfAttachType } from "../uapi/index.ts";

/** Where a program goes, as libbpf's name (`cgroup_inet_egress`) or as BPF_* number. */
export type AttachTypeName = string | BpfAttachType;

/** Throws a UsageError unless an attach function was called with a program and with options that it has. */
export function checkArguments<T>(caller: string, program: Program, options: T, table: OptionTable<T>): void {
  if (!(program instanceof Program)) {
    throw new UsageError(`${caller} takes a Program as its first argument, such as object.program("name")`);
  }
  checkOptions(caller, options, table);
}

/** The number of an attach type; the program's own where none is given. Throws UsageError if neither says it. */
export function resolveAttachType(given: AttachTypeName | undefined, program: Program): BpfAttachType {
  if (given !== undefined) return attachTypeNumber(given);
  const own = program.origin.attachType;
  if (own === undefined) {
    throw new UsageError(`${program.what}: give its attachType, for example "tcx_ingress"; its section names none`);
  }
  return own;
}

/** The number of an attach type. Throws UsageError for a name that there is not. */
export function attachTypeNumber(given: AttachTypeName): BpfAttachType {
  const found = typeof given === "number" ? given : attachTypeByName(given);
  if (found !== undefined && Number.isInteger(found) && found >= 0 && found <= 0xffffffff) return found;
  throw new UsageError(`"${given}" is not an attach type; attach types are named like cgroup_inet_egress`);
}
