import { type CoreAbsence, type CoreRelocation, CoreRelocationKind } from "../btf/index.ts";
import type { Diagnosis } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";

/** Returns the diagnosis of an instruction that needs a type, member or enumerator that the kernel lacks. */
export function diagnoseCore({ wanted, guard, candidates, near }: CoreAbsence, isGuarded: boolean): Diagnosis {
  const guardText = isGuarded
    ? "the program checks whether it exists, but it also reaches this instruction if the check fails"
    : "the program does not check whether it exists";
  const names = near.length === 0 ? undefined : near.join(", ");
  return diagnosisOf("core-poison", { wanted, guard, near: names }, { found: [...candidates, guardText] });
}

const GUARDS: ReadonlySet<number> = new Set([
  CoreRelocationKind.BPF_CORE_FIELD_EXISTS,
  CoreRelocationKind.BPF_CORE_TYPE_EXISTS,
  CoreRelocationKind.BPF_CORE_ENUMVAL_EXISTS,
  CoreRelocationKind.BPF_CORE_TYPE_MATCHES,
]);

/** Returns true if a relocation checks whether the kernel has what another relocation needs. */
export function isGuard(guard: CoreRelocation, { typeId, accessString }: CoreRelocation): boolean {
  return (
    GUARDS.has(guard.kind) &&
    guard.typeId === typeId &&
    (guard.accessString === accessString || guard.accessString === "0")
  );
}
