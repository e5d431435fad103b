import { SECTION_KINDS, type SectionKind, sectionKindOfType } from "../../object/index.ts";
import { CommandError } from "../failure/command-error.ts";

/** Returns the kind of section that a user names by its program type, as in `type xdp`. */
export function sectionKindNamed(name: string): SectionKind {
  const kind = sectionKindOfType(name);
  if (kind !== undefined) return kind;
  const typo = { word: name, names: SECTION_KINDS.map((known) => known.name) };
  throw new CommandError(`unknown program type '${name}'; see TYPE in 'bpfts prog help'`, { typo });
}
