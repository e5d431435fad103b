import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { type CoreRelocation, CoreRelocationKind } from "../core-relocation.ts";
import type { BtfType, TypeId } from "../types.ts";
import { CoreBudget, kindsAreCompatible } from "./compare-types.ts";
import { matchCoreSpec } from "./match.ts";
import { type CoreSpec, checkAccessString, formatCorePath, formatCoreSpec, parseCoreSpec } from "./spec.ts";
import { describeType, kindAndName } from "./type-access.ts";
import { type CoreValue, coreValue } from "./value.ts";

/** Types to relocate against: the kernel's or those of one of its modules. */
export interface CoreTarget {
  readonly btf: Btf;
  /** `vmlinux`, or the module's name. */
  readonly name: string;
}

/** Everything that a program may be relocated against. */
export interface CoreTargets {
  /** The kernel's types, or a BTF that stands in for them. */
  readonly main: Btf;
  /** Asked once, and only if a type is not in `main`. Leave it out where `main` stands in for another kernel's. */
  readonly modules?: (() => Iterable<CoreTarget>) | undefined;
}

/** What to write into the instruction of a relocation. Values are unsigned 64-bit, negative ones two's complement. */
export interface CoreResult {
  /** Nothing in the target is right: the instruction becomes a call that the verifier refuses if it is reachable. */
  readonly poison: boolean;
  /** What the compiler wrote, by the local types. */
  readonly original: bigint;
  readonly value: bigint;
  /** False where the instruction's own value may differ from `original`. */
  readonly validate: boolean;
  /** Bytes that a load or store of the member moves, before and after; 0 where that is not known. */
  readonly originalSize: number;
  readonly size: number;
  /** The sizes differ and no load of another width gives the same value: a load or store is poisoned. */
  readonly failSizeChange: boolean;
  /** Why it is, or a load would be, poisoned; undefined where there is no reason to. */
  readonly reason: string | undefined;
  /** The local side in libbpf's words: `<byte_off> [13] struct foo.a (0:1 @ offset 4)`. */
  readonly text: string;
  /** The type of the target that the value is from; undefined where none matched or none was asked. */
  readonly target: { readonly name: string; readonly typeId: TypeId; readonly text: string } | undefined;
}

interface Candidate extends CoreTarget {
  readonly id: TypeId;
}

/**
 * Resolves the CO-RE relocations of one object by libbpf's rules. As there, the candidates of a local type that did
 * not match one relocation are not asked for the next, so resolve in the order of the file. Pure; not for a BTF that
 * changes meanwhile.
 */
export class CoreRelocator {
  readonly #local: Btf;
  readonly #targets: CoreTargets;
  readonly #budget: CoreBudget;
  readonly #candidates = new Map<TypeId, Candidate[]>();
  /** Types of the main target by essential name, of any kind, as {@link prepare} found them. */
  readonly #found = new Map<string, readonly TypeId[]>();
  readonly #results = new Map<string, { result: CoreResult; candidates: readonly Candidate[] | undefined }>();
  #modules: readonly CoreTarget[] | undefined;

  /** @param local the object's own types. */
  constructor(local: Btf, targets: CoreTargets) {
    this.#local = local;
    this.#targets = targets;
    this.#budget = new CoreBudget(local.source);
  }

  /**
   * Looks up the candidates of all relocations to come in one pass over the kernel's types, which is faster than a
   * pass for each local type. Not needed for the result.
   */
  prepare(relocations: Iterable<CoreRelocation>): void {
    const names = new Map<TypeId, string>();
    for (const { typeId, kind } of relocations) {
      if (kind === CoreRelocationKind.BPF_CORE_TYPE_ID_LOCAL || names.has(typeId)) continue;
      const name = this.#budget.essentialName(this.#local.name(typeId));
      if (name !== "") names.set(typeId, name);
    }
    for (const [name, ids] of this.#targets.main.findByEssentialNames(names.values())) this.#found.set(name, ids);
  }

  /**
   * What a relocation's instruction is to hold. A missing field or enumerator is no error but a poisoned result.
   * Throws FormatError where the relocation makes no sense, or the candidates contradict each other.
   */
  resolve(relocation: CoreRelocation): CoreResult {
    checkAccessString(this.#local, relocation);
    const key = `${relocation.typeId} ${relocation.kind} ${relocation.accessString}`;
    const known = this.#results.get(key);
    // Fewer candidates give the same value, but perhaps another width of the load.
    if (known !== undefined && known.candidates === this.#candidates.get(relocation.typeId)) return known.result;
    const result = this.#resolve(relocation);
    this.#results.set(key, { result, candidates: this.#candidates.get(relocation.typeId) });
    return result;
  }

  #resolve(relocation: CoreRelocation): CoreResult {
    const { kind, typeId } = relocation;
    const spec = parseCoreSpec(this.#local, relocation);
    const text = formatCoreSpec(spec);
    if (kind === CoreRelocationKind.BPF_CORE_TYPE_ID_LOCAL) {
      // A linker may have renumbered the types, so the instruction's own value is not checked.
      const own: CoreValue = { value: BigInt(typeId), validate: false, size: 0, typeId: 0 };
      return { ...combine(this.#local, own, this.#local, own), text, target: undefined };
    }
    const original = coreValue(kind, spec);
    if (original === undefined) throw new FormatError({ source: this.#local.source }, `${text} has no value`);
    const candidates = this.#candidatesOf(typeId, text);
    const matching: Match[] = [];
    for (const candidate of candidates) {
      this.#budget.spend(1);
      const found = matchCoreSpec(spec, candidate.btf, candidate.id, this.#budget);
      const value = found && coreValue(kind, found);
      if (found === undefined || value === undefined) continue;
      const match: Match = { candidate, spec: found, value };
      if (matching[0] !== undefined) refuseAmbiguity(this.#local, text, matching[0], match);
      matching.push(match);
    }
    const first = matching[0];
    if (first === undefined) {
      const value = coreValue(kind, undefined);
      if (value !== undefined)
        return { ...combine(this.#local, original, this.#local, value), text, target: undefined };
      return { ...poisoned(original, absence(spec, candidates)), text, target: undefined };
    }
    if (matching.length < candidates.length) {
      this.#candidates.set(
        typeId,
        matching.map(({ candidate }) => candidate),
      );
    }
    const { name, btf, id } = first.candidate;
    const target = { name, typeId: id, text: formatCoreSpec(first.spec) };
    return { ...combine(this.#local, original, btf, first.value), text, target };
  }

  #candidatesOf(typeId: TypeId, text: string): readonly Candidate[] {
    const known = this.#candidates.get(typeId);
    if (known !== undefined) return known;
    const name = this.#budget.essentialName(this.#local.name(typeId));
    if (name === "")
      throw new FormatError({ source: this.#local.source }, `${text}: an anonymous type cannot be found`);
    const kind = this.#local.kind(typeId);
    const candidates = (target: CoreTarget, ids: readonly TypeId[]): Candidate[] =>
      ids
        .filter((id) => kindsAreCompatible(target.btf.kind(id), kind))
        .map((id) => ({ name: target.name, btf: target.btf, id }));
    const { main } = this.#targets;
    let found = candidates({ name: "vmlinux", btf: main }, this.#found.get(name) ?? main.findByEssentialName(name));
    if (found.length === 0) {
      this.#modules ??= [...(this.#targets.modules?.() ?? [])];
      // A module's BTF goes on from the kernel's, which has just been searched.
      found = this.#modules.flatMap((module) =>
        candidates(module, module.btf.findByEssentialNames([name], { own: true }).get(name) ?? []),
      );
    }
    this.#candidates.set(typeId, found);
    return found;
  }
}

interface Match {
  readonly candidate: Candidate;
  readonly spec: CoreSpec;
  readonly value: CoreValue;
}

/** Several types of one name are common (flavours, incomplete deduplication); they must all say the same. */
function refuseAmbiguity(local: Btf, text: string, a: Match, b: Match): void {
  let difference: string;
  if (a.spec.bitOffset !== b.spec.bitOffset)
    difference = `field offset ${a.spec.bitOffset} != ${b.spec.bitOffset} bits`;
  else if (a.value.value !== b.value.value) difference = `value ${a.value.value} != ${b.value.value}`;
  else return;
  throw new FormatError(
    { source: local.source },
    `CO-RE relocation ${text} is ambiguous: ${difference}: ${formatCoreSpec(a.spec)} in ${a.candidate.name}, ` +
      `${formatCoreSpec(b.spec)} in ${b.candidate.name}`,
  );
}

type Decision = Omit<CoreResult, "text" | "target">;

function combine(local: Btf, original: CoreValue, target: Btf, found: CoreValue): Decision {
  const failSizeChange = original.size !== found.size && !mayChangeSize(local, original.typeId, target, found.typeId);
  return {
    poison: false,
    original: original.value,
    value: found.value,
    validate: original.validate,
    originalSize: original.size,
    size: found.size,
    failSizeChange,
    reason: failSizeChange
      ? `a load of ${original.size} bytes cannot become one of ${found.size}: only pointers and unsigned integers ` +
        "keep their value"
      : undefined,
  };
}

function poisoned(original: CoreValue, reason: string): Decision {
  const { value, validate } = original;
  return {
    poison: true,
    original: value,
    value: 0n,
    validate,
    originalSize: original.size,
    size: 0,
    failSizeChange: false,
    reason,
  };
}

/**
 * Loads zero-extend, so a narrower or wider load gives the same number for unsigned integers, and for pointers,
 * which are 8 bytes in BPF and 4 on a 32-bit kernel.
 */
function mayChangeSize(local: Btf, localId: TypeId, target: Btf, targetId: TypeId): boolean {
  const ours = local.type(localId);
  const theirs = target.type(targetId);
  return (ours.kind === "ptr" && theirs.kind === "ptr") || (isUnsigned(ours) && isUnsigned(theirs));
}

/** As libbpf has it: a `char` with a sign is not BTF_INT_SIGNED alone, and so passes. */
function isUnsigned(type: BtfType): boolean {
  return type.kind === "int" && (!type.signed || type.char || type.bool);
}

function absence(spec: CoreSpec, candidates: readonly Candidate[]): string {
  const first = candidates[0];
  if (first === undefined) return `the kernel has no ${kindAndName(spec.btf, spec.rootTypeId)}`;
  const others = candidates.length > 1 ? `, nor have ${candidates.length - 1} more types of that name` : "";
  return `${describeType(first.btf, first.id)} in ${first.name} has no compatible ${formatCorePath(spec)}${others}`;
}
