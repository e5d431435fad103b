import { FormatError } from "../../errors/index.ts";
import type { Btf } from "../btf.ts";
import { type CoreRelocation, CoreRelocationKind } from "../core-relocation.ts";
import type { BtfType, TypeId } from "../types.ts";
import { type CoreAbsence, explainAbsence } from "./absence.ts";
import { CoreBudget, kindsAreCompatible } from "./compare-types.ts";
import { matchCoreSpec } from "./match.ts";
import { type CoreSpec, checkAccessString, formatCorePath, formatCoreSpec, parseCoreSpec } from "./spec.ts";
import { describeType, kindAndName } from "./type-access.ts";
import { type CoreValue, coreValue } from "./value.ts";

/** Types to relocate against: the types of the kernel or of a module. */
export interface CoreTarget {
  readonly btf: Btf;
  /** `vmlinux`, or the module's name. */
  readonly name: string;
}

/** All types against which a program may be relocated. */
export interface CoreTargets {
  /** The kernel's types, or a BTF that replaces them. */
  readonly main: Btf;
  /**
   * Returns the modules. Called at most once, and only if a type is not in `main`. Leave it out if `main` belongs to
   * another kernel.
   */
  readonly modules?: (() => Iterable<CoreTarget>) | undefined;
}

/**
 * The result of a relocation. `value` is written into the instruction. All values are unsigned 64-bit numbers; negative
 * values are in two's complement.
 */
export interface CoreResult {
  /**
   * True if the target has no match. The instruction then becomes a call that the verifier rejects if it is reachable.
   */
  readonly poison: boolean;
  /** The value that the compiler wrote, computed from the local types. */
  readonly original: bigint;
  readonly value: bigint;
  /** False if the instruction may rightly contain another value than `original`. */
  readonly validate: boolean;
  /**
   * How many bytes a load or store of the member moves, in the local types and in the target; 0 if that is not known.
   */
  readonly originalSize: number;
  readonly size: number;
  /**
   * True if `originalSize` and `size` differ and a load of `size` bytes could give a wrong value. A load or store is
   * then poisoned.
   */
  readonly failSizeChange: boolean;
  /**
   * The reason to poison the instruction; undefined if there is none. If `failSizeChange` is true, the reason applies
   * only to a load or store.
   */
  readonly reason: string | undefined;
  /** The reason why no type of the target matches. Undefined if a type matched, or if the relocation needs none. */
  readonly absence?: (() => CoreAbsence) | undefined;
  /** The local access in libbpf's notation: `<byte_off> [13] struct foo.a (0:1 @ offset 4)`. */
  readonly text: string;
  /** The target's type from which the value comes. Undefined if no type matched, or if the relocation needs none. */
  readonly target:
    | {
        readonly name: string;
        readonly typeId: TypeId;
        readonly text: string;
        /** The access string for the target's types. It contains the indices of anonymous members. */
        readonly indices: readonly number[];
      }
    | undefined;
}

interface Candidate extends CoreTarget {
  readonly id: TypeId;
}

/**
 * Resolves the CO-RE relocations of one object by libbpf's rules. If a candidate does not match one relocation of a
 * local type, all later relocations of this type skip the candidate, as in libbpf. So resolve the relocations in the
 * order of the file. The BTFs must not change during this.
 */
export class CoreRelocator {
  readonly #local: Btf;
  readonly #targets: CoreTargets;
  readonly #budget: CoreBudget;
  readonly #candidates = new Map<TypeId, Candidate[]>();
  /** The types in the main target, of any kind, that {@link prepare} found for each essential name. */
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
   * Looks up the candidates of all these relocations in one pass over the kernel's types, which is faster than a pass
   * for each local type. The call is optional and does not change results.
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
   * Computes the value for a relocation's instruction. If a field or enumerator is missing, the result has `poison`
   * set. Throws FormatError if the relocation makes no sense or if two candidates give different results.
   */
  resolve(relocation: CoreRelocation): CoreResult {
    checkAccessString(this.#local, relocation);
    const key = `${relocation.typeId} ${relocation.kind} ${relocation.accessString}`;
    const known = this.#results.get(key);
    // Reuse the earlier result only if no candidate was dropped since then. Dropping a candidate does not change the
    // value, but it may change the width of the load.
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
      // A linker may have renumbered the types, so the value in the instruction is not checked.
      const own: CoreValue = { value: BigInt(typeId), validate: false, size: 0, typeId: 0 };
      return { ...combine(this.#local, own, this.#local, own), text, target: undefined };
    }
    const original = coreValue(kind, spec);
    if (original === undefined)
      throw new FormatError(
        { source: this.#local.source },
        `the type in the object has no value for the CO-RE relocation ${text}`,
      );
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
      const absence = (): CoreAbsence => explainAbsence(spec, candidates, this.#targets.main);
      return { ...poisoned(original, absenceText(spec, candidates)), absence, text, target: undefined };
    }
    if (matching.length < candidates.length) {
      this.#candidates.set(
        typeId,
        matching.map(({ candidate }) => candidate),
      );
    }
    const { name, btf, id } = first.candidate;
    const target = { name, typeId: id, text: formatCoreSpec(first.spec), indices: first.spec.raw };
    return { ...combine(this.#local, original, btf, first.value), text, target };
  }

  #candidatesOf(typeId: TypeId, text: string): readonly Candidate[] {
    const known = this.#candidates.get(typeId);
    if (known !== undefined) return known;
    const name = this.#budget.essentialName(this.#local.name(typeId));
    if (name === "")
      throw new FormatError(
        { source: this.#local.source },
        `${text}: the type has no name, so bpfts cannot find it in the kernel`,
      );
    const kind = this.#local.kind(typeId);
    const candidates = (target: CoreTarget, ids: readonly TypeId[]): Candidate[] =>
      ids
        .filter((id) => kindsAreCompatible(target.btf.kind(id), kind))
        .map((id) => ({ name: target.name, btf: target.btf, id }));
    const { main } = this.#targets;
    let found = candidates({ name: "vmlinux", btf: main }, this.#found.get(name) ?? main.findByEssentialName(name));
    if (found.length === 0) {
      this.#modules ??= [...(this.#targets.modules?.() ?? [])];
      // The base of a module's BTF is the kernel's BTF, which was searched above.
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

/**
 * Throws FormatError if two candidates give different results. Several types often share a name: flavours, or copies
 * after incomplete deduplication.
 */
function refuseAmbiguity(local: Btf, text: string, a: Match, b: Match): void {
  let difference: string;
  if (a.spec.bitOffset !== b.spec.bitOffset)
    difference = `the field's offset is ${a.spec.bitOffset} bits in one and ${b.spec.bitOffset} bits in the other`;
  else if (a.value.value !== b.value.value)
    difference = `the value is ${a.value.value} in one and ${b.value.value} in the other`;
  else return;
  throw new FormatError(
    { source: local.source },
    `CO-RE relocation ${text} matches two types, and ${difference}: ${formatCoreSpec(a.spec)} in ${a.candidate.name}, ` +
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
      ? `the member has ${original.size} bytes in the object and ${found.size} bytes in the kernel, and only loads of ` +
        "pointers and unsigned integers can change their size"
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
 * Returns true if a load may become narrower or wider. Loads zero-extend, so the loaded value stays the same for
 * unsigned integers and for pointers. (Pointers have 8 bytes in BPF and 4 bytes on a 32-bit kernel.)
 */
function mayChangeSize(local: Btf, localId: TypeId, target: Btf, targetId: TypeId): boolean {
  const ours = local.type(localId);
  const theirs = target.type(targetId);
  return (ours.kind === "ptr" && theirs.kind === "ptr") || (isUnsigned(ours) && isUnsigned(theirs));
}

/** Follows libbpf: an int with BTF_INT_SIGNED and another flag, such as a signed `char`, counts as unsigned. */
function isUnsigned(type: BtfType): boolean {
  return type.kind === "int" && (!type.signed || type.char || type.bool);
}

function absenceText(spec: CoreSpec, candidates: readonly Candidate[]): string {
  const first = candidates[0];
  if (first === undefined) return `the kernel has no ${kindAndName(spec.btf, spec.rootTypeId)}`;
  const others = candidates.length > 1 ? `; ${candidates.length - 1} other types of that name do not match either` : "";
  return `${describeType(first.btf, first.id)} in ${first.name} has nothing compatible with ${formatCorePath(spec)}${others}`;
}
