import { UsageError } from "../errors/index.ts";
import type { Program } from "../program/index.ts";
import { attachTypeByName, type BpfAttachType } from "../uapi/index.ts";

/** Where a program goes, as libbpf's name (`cgroup_inet_egress`) or as BPF_* number. */
export type AttachTypeName = string | BpfAttachType;

/** The number of an attach type; the program's own where none is given. Throws UsageError if it cannot be told. */
export function resolveAttachType(given: AttachTypeName | undefined, program: Program): BpfAttachType {
  if (given !== undefined) return attachTypeNumber(given);
  const own = program.origin.attachType;
  if (own === undefined) throw new UsageError(`${program.what}: say its attachType, its section does not`);
  return own;
}

/** The number of an attach type. Throws UsageError for a name that there is not. */
export function attachTypeNumber(given: AttachTypeName): BpfAttachType {
  if (typeof given === "number") return given;
  const found = attachTypeByName(given);
  if (found !== undefined) return found;
  throw new UsageError(`"${given}" is not an attach type: they are named like cgroup_inet_egress`);
}
