import { type Btf, BtfKind, CDeclarations, type TypeId } from "../btf/index.ts";
import { FormatError } from "../errors/index.ts";
import { toIdentifier } from "./c-text.ts";
import { type SkeletonParts, type VariableSection, variableSections } from "./object-parts.ts";

/** bpftool computes the padding with the alignments of a 32-bit machine, so that it is right on every machine. */
const LARGEST_ALIGNMENT = 4;
const KCONFIG_SECTION = ".kconfig";

/** Returns a struct for each section of variables. Its members have the offsets that the section's variables have. */
export function variableStructs(parts: SkeletonParts, name: string): string {
  const { btf } = parts;
  if (btf === undefined) return "";
  const declarations = new CDeclarations(btf);
  let out = "";
  for (const section of variableSections(parts)) {
    out += `\tstruct ${name}__${section.memory} {\n`;
    if (section.variables !== undefined) out += members(btf, declarations, section);
    out += `\t} *${section.memory};\n`;
  }
  return out;
}

function members(btf: Btf, declarations: CDeclarations, section: VariableSection): string {
  const options = declarationOptions(section);
  let out = "";
  let end = 0;
  let paddings = 0;
  for (const { name, offset, size, valueType } of section.variables ?? []) {
    if (end > offset) {
      throw new FormatError(
        { source: btf.source },
        `variable ${name} of section ${section.name} begins at ${offset}, before the end of another variable at ${end}`,
      );
    }
    const align = Math.min(btf.alignOf(valueType), LARGEST_ALIGNMENT);
    if (Math.ceil(end / align) * align !== offset) out += `\t\tchar __pad${paddings++}[${offset - end}];\n`;
    out += `\t\t${declarations.format(valueType, memberName(name), options)};\n`;
    end = offset + size;
  }
  return out;
}

/** The longest identifier, in characters: bpftool's buffer has 256 bytes. */
const LONGEST_IDENTIFIER = 255;

/** Returns the name of the member for a variable. */
function memberName(variable: string): string {
  return toIdentifier(variable).slice(0, LONGEST_IDENTIFIER);
}

function declarationOptions({ name }: VariableSection): { readonly level: number; readonly stripModifiers: boolean } {
  return { level: 2, stripModifiers: name !== KCONFIG_SECTION };
}

/** Returns a struct for each section of variables, with a pointer to each variable. */
export function variablePointers(parts: SkeletonParts, name: string): string {
  const { btf } = parts;
  if (btf === undefined) return "";
  const declarations = new CDeclarations(btf);
  let out = "";
  for (const section of variableSections(parts)) {
    if (section.variables === undefined) continue;
    out += `\tstruct ${name}__${section.memory} {\n`;
    for (const variable of section.variables) {
      const type = declarations.format(variable.valueType, "", declarationOptions(section));
      const isWrapped = needsTypeof(btf, variable.valueType);
      out += `\t\t${isWrapped ? `__typeof__(${type})` : type} *${variable.name};\n`;
    }
    out += `\t} ${section.memory};\n`;
  }
  return out;
}

/** Returns true if a pointer to a value of this type cannot be declared by writing `*` before its name. */
function needsTypeof(btf: Btf, id: TypeId): boolean {
  const type = btf.type(btf.resolve(id));
  if (type.kind === "array") return true;
  return type.kind === "ptr" && btf.kind(type.type) === BtfKind.FUNC_PROTO;
}

/** Returns a function with assertions about the sizes of all variables. */
export function sizeAssertions(parts: SkeletonParts, name: string): string {
  const { btf } = parts;
  if (btf === undefined) return "";
  let out = `__attribute__((unused)) static void
${name}__assert(struct ${name} *s __attribute__((unused)))
{
#ifdef __cplusplus
#define _Static_assert static_assert
#endif
`;
  for (const { memory, variables } of variableSections(parts)) {
    for (const variable of variables ?? []) {
      const size = sizeOrNothing(btf, variable.valueType);
      if (size === undefined) continue;
      const identifier = memberName(variable.name);
      out += `\t_Static_assert(sizeof(s->${memory}->${identifier}) == ${size}, "unexpected size of '${identifier}'");\n`;
    }
  }
  return `${out}#ifdef __cplusplus
#undef _Static_assert
#endif
}
`;
}

function sizeOrNothing(btf: Btf, id: TypeId): number | undefined {
  try {
    return btf.sizeOf(id);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
