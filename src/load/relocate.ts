import {
  applyCoreRelocation,
  type Btf,
  type CoreRelocator,
  type CoreResult,
  formatCoreRelocation,
} from "../btf/index.ts";
import { type Diagnosis, UsageError } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import { BPF_CALL, BPF_JMP, BpfPseudo } from "../uapi/index.ts";
import { diagnoseCore, isGuard } from "./core-absence.ts";
import type { ResolvedExtern } from "./resolve-externs.ts";

/** What the relocations of a program refer to, as the kernel knows it. */
export interface RelocationTargets {
  /** The fd of each map, by name. A map that was not created is absent. */
  readonly maps: ReadonlyMap<string, number>;
  /**
   * The number to add to offsets into a map's value, by the name of the map. For an arena, this is the offset of its
   * globals.
   */
  readonly valueOffsets: ReadonlyMap<string, number>;
  readonly externs: ReadonlyMap<string, ResolvedExtern | undefined>;
  readonly kconfigMap: string | undefined;
  /**
   * The index of each map and each extern of the object, by name. As in libbpf, an instruction that is poisoned because
   * of a map or an extern contains its index.
   */
  readonly mapNumbers: ReadonlyMap<string, number>;
  readonly externNumbers: ReadonlyMap<string, number>;
  /** The fds of the program's jump tables. */
  readonly jumpTables: readonly number[];
}

/** Why an instruction is poisoned. */
export interface Poison {
  readonly reason: string;
  readonly diagnose: () => Diagnosis | undefined;
}

/**
 * Relocated instructions, and the reasons why some of them are poisoned. The verifier refuses a program that can reach
 * a poisoned instruction.
 */
export interface ReadyInstructions {
  readonly bytes: Uint8Array;
  readonly poisoned: ReadonlyMap<number, Poison>;
}

/**
 * Helper numbers that libbpf uses and that no kernel has. In the verifier's log, they identify a poisoned instruction.
 */
const POISON_MAP = 2001000000;
const POISON_KFUNC = 2002000000;

/** Returns a copy of a program's instructions with all relocations applied. */
export function relocate(
  program: ProgramSpec,
  targets: RelocationTargets,
  core: CoreRelocator | undefined,
  btf: Btf | undefined,
  onStep?: (step: string) => void,
): ReadyInstructions {
  const bytes = program.instructions.slice();
  const view = new DataView(bytes.buffer);
  const poisoned = new Map<number, Poison>();
  if (core !== undefined) {
    for (const relocation of program.coreRelocations) {
      const result = core.resolve(relocation);
      onStep?.(`program ${program.name}: instruction ${relocation.slot}: ${coreStep(result)}`);
      const reason = applyCoreRelocation(view, relocation.slot, result, true, program.name);
      if (reason !== undefined) {
        const text = btf === undefined ? "" : ` ${formatCoreRelocation(btf, relocation)}`;
        const isGuarded = program.coreRelocations.some((other) => isGuard(other, relocation));
        const diagnose = (): Diagnosis | undefined => result.absence && diagnoseCore(result.absence(), isGuarded);
        poisoned.set(relocation.slot, { reason: `CO-RE relocation${text}: ${reason}`, diagnose });
      }
    }
  }
  for (const relocation of program.relocations) {
    const at = relocation.slot * 8;
    switch (relocation.kind) {
      case "map":
      case "map_value": {
        const fd = targets.maps.get(relocation.map);
        if (fd === undefined) {
          const number = targets.mapNumbers.get(relocation.map) ?? 0;
          poisonCall(view, at, POISON_MAP + number);
          poisonCall(view, at + 8, POISON_MAP + number);
          const reason = `map ${relocation.map} was not created`;
          poisoned.set(relocation.slot, { reason, diagnose: () => diagnosisOf("missing-map-or-kfunc", { reason }) });
        } else if (relocation.kind === "map") setImmediate64(view, at, BpfPseudo.BPF_PSEUDO_MAP_FD, fd, 0);
        else {
          const offset = relocation.offset + (targets.valueOffsets.get(relocation.map) ?? 0);
          setImmediate64(view, at, BpfPseudo.BPF_PSEUDO_MAP_VALUE, fd, offset);
        }
        break;
      }
      case "jump_table": {
        const fd = targets.jumpTables[relocation.table] as number;
        setImmediate64(view, at, BpfPseudo.BPF_PSEUDO_MAP_VALUE, fd, relocation.offset);
        view.setInt16(at + 2, 0, true);
        break;
      }
      case "kfunc":
        setKfunc(view, at, relocation.call, targets.externs.get(relocation.extern), () => {
          poisonCall(view, at, POISON_KFUNC + (targets.externNumbers.get(relocation.extern) ?? 0));
          const reason = `the kernel has no function ${relocation.extern}`;
          poisoned.set(relocation.slot, { reason, diagnose: () => diagnosisOf("missing-map-or-kfunc", { reason }) });
        });
        break;
      case "extern":
        setExtern(view, at, relocation.extern, targets);
        break;
    }
  }
  return { bytes, poisoned };
}

/** Describes the result of a CO-RE relocation. */
function coreStep({ text, target, original, value, poison, reason }: CoreResult): string {
  const found = target === undefined ? "nothing in the kernel" : `${target.text} in ${target.name}`;
  const change = poison
    ? `poisoned, ${reason}`
    : original === value
      ? `stays ${value}`
      : `${original} becomes ${value}`;
  return `CO-RE ${text} matches ${found}: ${change}`;
}

function setSource(view: DataView, at: number, source: number): void {
  view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (source << 4));
}

/** Writes the two halves of the 64-bit number in an ld_imm64. */
function setImmediate64(view: DataView, at: number, source: number, low: number, high: number): void {
  setSource(view, at, source);
  view.setInt32(at + 4, low, true);
  view.setInt32(at + 12, high, true);
}

function poisonCall(view: DataView, at: number, helper: number): void {
  view.setUint8(at, BPF_JMP | BPF_CALL);
  view.setUint8(at + 1, 0);
  view.setInt16(at + 2, 0, true);
  view.setInt32(at + 4, helper, true);
}

function setKfunc(
  view: DataView,
  at: number,
  isCall: boolean,
  target: ResolvedExtern | undefined,
  poison: () => void,
): void {
  if (!isCall) {
    if (target?.kind === "kfunc") setImmediate64(view, at, BpfPseudo.BPF_PSEUDO_BTF_ID, target.id, target.btfFd);
    else setImmediate64(view, at, 0, 0, 0);
  } else if (target?.kind === "kfunc") {
    setSource(view, at, BpfPseudo.BPF_PSEUDO_KFUNC_CALL);
    view.setInt16(at + 2, target.fdIndex, true);
    view.setInt32(at + 4, target.id, true);
  } else {
    poison();
  }
}

function setExtern(view: DataView, at: number, name: string, targets: RelocationTargets): void {
  const target = targets.externs.get(name);
  if (target === undefined) setImmediate64(view, at, 0, 0, 0);
  else if (target.kind === "kconfig") {
    const fd = targets.maps.get(targets.kconfigMap ?? "");
    if (fd === undefined) throw new UsageError(`extern ${name}: the map .kconfig was not created`);
    setImmediate64(view, at, BpfPseudo.BPF_PSEUDO_MAP_VALUE, fd, target.offset);
  } else if (target.kind === "address") {
    const low = Number(BigInt.asIntN(32, target.address));
    setImmediate64(view, at, 0, low, Number(BigInt.asIntN(32, target.address >> 32n)));
  } else setImmediate64(view, at, BpfPseudo.BPF_PSEUDO_BTF_ID, target.id, target.btfFd);
}
