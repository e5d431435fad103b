import { type Btf, BtfKind } from "../btf/index.ts";
import { FormatError } from "../errors/index.ts";
import { isTextSection, type ObjectFunction, type ObjectFunctions } from "./functions.ts";

const PREFIX = "exception_callback:";

/**
 * Reads which function each program names with `__exception_cb()` (Linux 6.7). The name is in a declaration tag, and no
 * instruction refers to the function. So the linker must read the tag to know that it has to add the function to the
 * program (libbpf's `bpf_prog_assign_exc_cb`). If a program has several such tags, the linker adds no function, and the
 * verifier refuses the program.
 */
export function readExceptionCallbacks(
  btf: Btf | undefined,
  functions: ObjectFunctions,
  source: string,
): ReadonlyMap<string, ObjectFunction> {
  const out = new Map<string, ObjectFunction>();
  const tags = btf === undefined ? [] : btf.idsOf(BtfKind.DECL_TAG);
  if (btf === undefined || tags.length === 0) return out;
  const several = new Set<string>();
  const byName = new Map<string, ObjectFunction[]>();
  for (const each of functions.all) {
    if (!isTextSection(each.sectionName)) continue;
    for (const name of [each.name, ...each.aliases]) byName.set(name, [...(byName.get(name) ?? []), each]);
  }
  for (const id of tags) {
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag" || tag.component !== -1 || !tag.name.startsWith(PREFIX)) continue;
    const fail = (problem: string) => new FormatError({ source }, `declaration tag ${tag.name}: ${problem}`);
    const program = btf.type(tag.type);
    if (program.kind !== "func" || program.linkage !== "global") throw fail("the tag must be on a program");
    const name = tag.name.slice(PREFIX.length);
    const [callback, another] = byName.get(name) ?? [];
    if (callback === undefined) throw fail(`the object has no function ${name} for program ${program.name}`);
    if (!callback.global || callback.hidden) throw fail(`function ${name} must be global and not hidden`);
    if (another !== undefined) throw fail(`the object has several functions ${name}`);
    if (out.has(program.name)) several.add(program.name);
    out.set(program.name, callback);
  }
  for (const name of several) out.delete(name);
  return out;
}
