import { type Btf, CDeclarations, type TypeId } from "../btf/index.ts";
import { isFunctionPointer } from "../object/index.ts";
import type { SkeletonParts } from "./object-parts.ts";

/** The kinds of members that a program may set before the load. */
const SCALARS: ReadonlySet<string> = new Set(["int", "float", "enum", "enum64"]);

/**
 * Returns a struct with one member for each struct_ops map: a pointer to a struct that has the scalars and callbacks of
 * the kernel's struct as members. All other members of the kernel's struct become arrays of char.
 */
export function structOpsStructs({ btf, structOps }: SkeletonParts, name: string): string {
  if (btf === undefined || structOps.length === 0) return "";
  let out = "\tstruct {\n";
  for (const { identifier, spec } of structOps) {
    out += `\t\tstruct ${name}__${identifier}__${btf.name(spec.valueTypeId)} {\n`;
    out += members(btf, spec.valueTypeId);
    out += `\t\t} *${identifier};\n`;
  }
  return `${out}\t} struct_ops;\n`;
}

/** Returns the statements that set the pointers of {@link structOpsStructs}. */
export function structOpsPointers({ btf, structOps }: SkeletonParts): string {
  if (btf === undefined) return "";
  let out = "";
  for (const { identifier } of structOps) {
    out += `\tobj->struct_ops.${identifier} = (__typeof__(obj->struct_ops.${identifier}))
\t\tbpf_map__initial_value(obj->maps.${identifier}, NULL);

`;
  }
  return out;
}

function members(btf: Btf, structId: TypeId): string {
  const struct = btf.type(structId);
  if (struct.kind !== "struct") return "";
  const declarations = new CDeclarations(btf);
  let out = "";
  let end = 0;
  struct.members.forEach((member, i) => {
    const offset = Math.floor(member.bitOffset / 8);
    if (end < offset) out += `\t\t\tchar __padding_${i}[${offset - end}];\n`;
    const type = btf.resolve(member.type);
    if (SCALARS.has(btf.type(type).kind)) {
      out += `\t\t\t${declarations.format(type, member.name, { level: 3 })};\n`;
      end = offset + btf.sizeOf(type);
    } else if (isFunctionPointer(btf, type)) {
      out += `\t\t\tstruct bpf_program *${member.name};\n`;
      end = offset + 8;
    } else {
      const size = btf.sizeOf(type);
      out += `\t\t\tchar __unsupported_${i}[${size}];\n`;
      end = offset + size;
    }
  });
  if (end < struct.size) out += `\t\t\tchar __padding_end[${struct.size - end}];\n`;
  return out;
}
