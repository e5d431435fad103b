import { type Btf, BtfKind } from "../btf/index.ts";
import { BpfError, UsageError } from "../errors/index.ts";
import { findRecordType } from "../events/index.ts";
import { loadedBtf } from "../kernel/index.ts";
import { programs } from "./program.ts";

/**
 * Finds the BTF that has the type of a ring's records. A ring itself has no BTF, so this function searches the BTF of
 * the programs that use the ring's map. Throws UsageError if no program uses the map, or if no BTF of these programs
 * has the type.
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

/** Returns the names of some structs of a BTF, for the error message. */
function namesOf(btf: Btf): string {
  const names = btf.idsOf(BtfKind.STRUCT).map((id) => btf.name(id));
  const shown = names.filter((name) => name !== "").slice(0, 8);
  return shown.map((name) => `struct ${name}`).join(", ");
}
