import { FormatError } from "../../errors/index.ts";
import { encodeCString } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import type { CoreRelocation } from "../core-relocation.ts";
import { findString } from "../string-table.ts";

/** Bytes of a `struct bpf_core_relo`. */
export const CORE_RELOCATION_SIZE = 16;

/** CO-RE relocations as the kernel takes them (Linux 5.17), for an object whose own types are `btf`. */
export function encodeCoreRelocations(btf: Btf, relocations: readonly CoreRelocation[]): Uint8Array {
  const out = new Uint8Array(relocations.length * CORE_RELOCATION_SIZE);
  const view = new DataView(out.buffer);
  const offsets = new Map<string, number>();
  for (const [i, { slot, typeId, accessString, kind }] of relocations.entries()) {
    const offset = offsets.get(accessString) ?? findString(btf, encodeCString(accessString));
    if (offset === undefined) throw new FormatError({ source: btf.source }, `no string is ${accessString}`);
    offsets.set(accessString, offset);
    const at = i * CORE_RELOCATION_SIZE;
    view.setUint32(at, slot * 8, true);
    view.setUint32(at + 4, typeId, true);
    view.setUint32(at + 8, offset, true);
    view.setUint32(at + 12, kind, true);
  }
  return out;
}
