import { nearNames } from "../../layout/index.ts";
import type { Btf } from "../btf.ts";
import { BtfKind, type TypeId } from "../types.ts";
import { CoreBudget } from "./compare-types.ts";
import { matchCoreSpec } from "./match.ts";
import { type CoreSpec, formatCorePath } from "./spec.ts";
import { describeType, isComposite, isEnum, kindAndName, memberAt } from "./type-access.ts";

/** The reason why a CO-RE relocation found no match, in parts for messages. */
export interface CoreAbsence {
  /** What the program needs: `struct task_struct.state`, `enum color::RED`, `struct foo`. */
  readonly wanted: string;
  /** A C expression that is true if the kernel has it, such as a call of `bpf_core_field_exists()`. */
  readonly guard: string;
  /** A clause for each type of the kernel with the wanted name. It says why this type does not match. */
  readonly candidates: readonly string[];
  /** The names of members, enumerators or types in the kernel that are similar to the wanted name. */
  readonly near: readonly string[];
}

interface Candidate {
  readonly btf: Btf;
  readonly name: string;
  readonly id: TypeId;
}

const MOST_CANDIDATES = 8;

/** Finds out why none of the candidates matches. `main` contains all types of the kernel. */
export function explainAbsence(spec: CoreSpec, candidates: readonly Candidate[], main: Btf): CoreAbsence {
  const root = kindAndName(spec.btf, spec.rootTypeId);
  const wanted = `${root}${formatCorePath(spec)}`;
  const guard = guardOf(spec, root);
  if (candidates.length === 0) {
    const names = [BtfKind.STRUCT, BtfKind.UNION, BtfKind.ENUM, BtfKind.TYPEDEF].flatMap((kind) => main.idsOf(kind));
    const near = nearNames(
      spec.btf.name(spec.rootTypeId),
      names.map((id) => main.name(id)),
    );
    return { wanted, guard, candidates: [`the kernel has no ${root}`], near };
  }
  const found = candidates.slice(0, MOST_CANDIDATES).map((candidate) => difference(spec, candidate));
  return {
    wanted,
    guard,
    candidates: found.map(({ text }, i) => {
      const { btf, id, name } = candidates[i] as Candidate;
      return `${describeType(btf, id)} in ${name} ${text}`;
    }),
    near: [...new Set(found.flatMap(({ near }) => near))].slice(0, 3),
  };
}

/** Returns the C expression that is true if the kernel has what the relocation needs. */
function guardOf(spec: CoreSpec, root: string): string {
  const named = spec.accessors.find(({ name }) => name !== undefined);
  if (named === undefined) return `bpf_core_type_exists(${root})`;
  if (isEnum(spec.btf.kind(spec.btf.resolve(spec.rootTypeId)))) {
    return `bpf_core_enum_value_exists(${root}, ${named.name})`;
  }
  const path = formatCorePath(spec).replace(/^(?:\[\d+\])?\./, "");
  return `bpf_core_field_exists(((${root} *)0)->${path})`;
}

interface Difference {
  readonly text: string;
  readonly near: readonly string[];
}

/** Describes the first step of the access that the candidate does not match. */
function difference(spec: CoreSpec, { btf, id }: Candidate): Difference {
  const type = btf.resolve(id);
  if (isEnum(btf.kind(type))) {
    const { name = "" } = spec.accessors[0] ?? {};
    const enumerators = btf.type(type);
    const names = "values" in enumerators ? enumerators.values.map((one) => one.name) : [];
    return { text: `has no enumerator ${name}`, near: nearNames(name, names) };
  }
  let owner = type;
  for (let steps = 1; steps <= spec.accessors.length; steps++) {
    const part: CoreSpec = { ...spec, accessors: spec.accessors.slice(0, steps) };
    const match = matchCoreSpec(part, btf, id, new CoreBudget(btf.source));
    if (match === undefined) return missingStep(spec, steps - 1, btf, owner);
    const last = match.accessors.at(-1);
    if (last !== undefined && steps > 1) {
      owner = btf.resolve(last.name === undefined ? last.typeId : (memberAt(btf, last.typeId, last.index)?.type ?? 0));
    }
  }
  return { text: "has other members, or members of other types", near: [] };
}

function missingStep(spec: CoreSpec, at: number, btf: Btf, owner: TypeId): Difference {
  const step = spec.accessors[at];
  if (step?.name === undefined) return { text: `has an array that is too short for index ${step?.index}`, near: [] };
  const members = membersOf(btf, owner, 0);
  const same = members.find(({ name }) => name === step.name);
  const local = memberAt(spec.btf, step.typeId, step.index);
  if (same !== undefined && local !== undefined) {
    const [theirs, ours] = [typeText(btf, same.type), typeText(spec.btf, local.type)];
    return { text: `has the member ${step.name} with the type ${theirs}, but the program expects ${ours}`, near: [] };
  }
  const of = isComposite(btf.kind(owner)) ? kindAndName(btf, owner) : `the ${kindAndName(btf, owner)} there`;
  return {
    text: `has no member ${step.name} in ${of}`,
    near: nearNames(
      step.name,
      members.map(({ name }) => name),
    ),
  };
}

const DEEPEST_MEMBER = 8;

function membersOf(btf: Btf, owner: TypeId, depth: number): { name: string; type: TypeId }[] {
  const id = btf.resolve(owner);
  if (!isComposite(btf.kind(id)) || depth > DEEPEST_MEMBER) return [];
  const members: { name: string; type: TypeId }[] = [];
  for (let index = 0; index < btf.vlen(id); index++) {
    const member = memberAt(btf, id, index);
    if (member === undefined) continue;
    if (member.name === "") members.push(...membersOf(btf, member.type, depth + 1));
    else members.push(member);
  }
  return members;
}

function typeText(btf: Btf, id: TypeId): string {
  const type = btf.type(btf.resolve(id));
  if (type.kind === "ptr") return `a pointer to ${kindAndName(btf, btf.resolve(type.type))}`;
  return kindAndName(btf, btf.resolve(id));
}
