import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { Program } from "../program/index.ts";
import { attachTypeByName, type BpfAttachType } from "../uapi/index.ts";

/** An attach type: its name in libbpf (`cgroup_inet_egress`) or its BPF_* number. */
export type AttachTypeName = string | BpfAttachType;

/** Throws UsageError unless the first argument of an attach function is a program and all of its options are known. */
export function checkArguments<T>(caller: string, program: Program, options: T, table: OptionTable<T>): void {
  if (!(program instanceof Program)) {
    throw new UsageError(`${caller} needs a Program as its first argument, such as object.program("name")`);
  }
  checkOptions(caller, options, table);
}

/**
 * Returns the number of the given attach type. By default it is the program's own attach type. Throws UsageError if the
 * program has none.
 */
export function resolveAttachType(given: AttachTypeName | undefined, program: Program): BpfAttachType {
  if (given !== undefined) return attachTypeNumber(given);
  const own = program.origin.attachType;
  if (own === undefined) {
    throw new UsageError(
      `${program.what}: give its attachType, for example "tcx_ingress"; the program's section does not name one`,
    );
  }
  return own;
}

/** Returns the number of an attach type. Throws UsageError for an unknown name. */
export function attachTypeNumber(given: AttachTypeName): BpfAttachType {
  const found = typeof given === "number" ? given : attachTypeByName(given);
  if (found !== undefined && Number.isInteger(found) && found >= 0 && found <= 0xffffffff) return found;
  throw new UsageError(`"${given}" is not an attach type; attach types are named like cgroup_inet_egress`);
}
