import { type Btf, BtfKind } from "../btf/index.ts";
import { BpfError, UsageError } from "../errors/index.ts";
import { findRecordType } from "../events/index.ts";
import { loadedBtf } from "../kernel/index.ts";
import { programs } from "./program.ts";

/**
 * The BTF in which a type of a ring's records is found: the kernel keeps none for the map itself, so it is that of a
 * program which uses the map. Throws UsageError where no program does, or none of them has the type.
 */
export function btfOfMapUsers(map: { readonly id: number; readonly what: string }, type: string): Btf {
  let found: Btf | undefined;
  const seen = new Set<number>();
  for (const program of programs()) {
    const { btfId, mapIds } = program.info({ mapIds: true });
    if (btfId === 0 || seen.has(btfId) || mapIds?.includes(map.id) !== true) continue;
    seen.add(btfId);
    const btf = loadedBtf(btfId);
    if (btf === undefined) continue;
    found = btf;
    if (hasType(btf, type)) return btf;
  }
  if (found === undefined) {
    throw new UsageError(`${map.what}: no loaded program with BTF uses it, so the type "${type}" cannot be looked up`);
  }
  const structs = namesOf(found);
  throw new UsageError(
    `no program that uses ${map.what} has a type "${type}" in its BTF${structs === "" ? "" : `; it has ${structs}`}`,
  );
}

function hasType(btf: Btf, type: string): boolean {
  try {
    findRecordType(btf, type);
    return true;
  } catch (error) {
    if (error instanceof BpfError) return false;
    throw error;
  }
}

/** Some of the structs that a BTF has, for the error. */
function namesOf(btf: Btf): string {
  const names = btf.idsOf(BtfKind.STRUCT).map((id) => btf.name(id));
  const shown = names.filter((name) => name !== "").slice(0, 8);
  return shown.map((name) => `struct ${name}`).join(", ");
}
