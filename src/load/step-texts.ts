import { type LoaderProgram, type MapSpec, maxEntriesOn, type ProgramSpec } from "../object/index.ts";
import { mapTypeName, progTypeName } from "../uapi/index.ts";
import { THIS_MACHINE } from "./create-map.ts";
import type { ResolvedExtern } from "./resolve-externs.ts";

// The texts that describe the steps of a load.

export function externText(found: ResolvedExtern | undefined): string {
  if (found === undefined) return "the kernel does not have it, so its value is 0";
  switch (found.kind) {
    case "kconfig":
      return `at offset ${found.offset} of .kconfig`;
    case "address":
      return `the address 0x${found.address.toString(16)}`;
    default:
      return `BTF id ${found.id} of ${found.btfFd === 0 ? "the kernel" : "a module"}`;
  }
}

export function mapText(spec: MapSpec): string {
  const { type, keySize, valueSize, flags } = spec;
  const sizes = `key ${keySize} B, value ${valueSize} B, max_entries ${maxEntriesOn(THIS_MACHINE, spec)}`;
  return `${mapTypeName(type) ?? `type ${type}`}, ${sizes}, flags 0x${flags.toString(16)}`;
}

export function programText(spec: ProgramSpec): string {
  const { type, instructions, functions, sectionName } = spec;
  const parts = [
    `section ${sectionName}`,
    progTypeName(type) ?? `type ${type}`,
    `${instructions.length / 8} instructions`,
  ];
  if (functions.length > 1) parts.push(`${functions.length} functions`);
  return parts.join(", ");
}

/** Describes a step of a loader program. */
export function describeStep(
  { steps }: LoaderProgram,
  step: number,
  maps: readonly MapSpec[],
  programs: readonly ProgramSpec[],
): string {
  const { what, index, name = "" } = steps[step] ?? { what: "btf", index: -1 };
  const program = `program ${programs[index]?.name}`;
  switch (what) {
    case "btf":
      return "the object's BTF";
    case "map":
      return `map ${maps[index]?.name}`;
    case "element":
      return `map ${maps[index]?.name}: storing a map or program in it`;
    case "program":
      return program;
    case "symbol":
      return `${program}: extern ${name}`;
    case "target":
      return `${program}: its target ${name}`;
  }
}
