import { UsageError } from "../errors/index.ts";
import * as bpf from "../uapi/index.ts";
import { encodeInstructions, type Instruction, slotsOf } from "./codec.ts";

/** What a jump or call goes to: the name of a label, or the distance in slots from the next instruction. */
export type Target = string | number;

/** A name for a position in the program: the target of a jump or the start of a subprogram. */
export interface Label {
  readonly label: string;
}

/** An instruction whose `field` is the distance to a label, filled in by {@link assemble}. */
export interface Reference extends Instruction {
  readonly to: string;
  readonly field: "off" | "imm";
}

/** An element of the list that {@link assemble} takes. */
export type AssemblyItem = Instruction | Reference | Label;

/** Gives a name to the position of the next instruction. */
export function label(name: string): Label {
  return { label: name };
}

/**
 * Encodes a program: `assemble([mov(r0, 0), jeq(r1, 0, "out"), mov(r0, 1), label("out"), exit()])`. A label may be
 * used before and after its definition. A subprogram begins with a label too. `little` is the byte order; the running
 * kernel accepts only this machine's byte order. Throws a UsageError for an unknown or repeated label and for a target
 * out of reach.
 */
export function assemble(items: readonly AssemblyItem[], little = true): Uint8Array {
  const places = labelSlots(items);
  const list: Instruction[] = [];
  let slot = 0;
  for (const item of items) {
    if ("label" in item) continue;
    list.push("to" in item ? resolve(item, slot, places) : item);
    slot += slotsOf(item.op);
  }
  return encodeInstructions(list, little);
}

/** Returns the slot of each label. func_info, line_info and relocations need these slots. */
export function labelSlots(items: readonly AssemblyItem[]): Map<string, number> {
  const places = new Map<string, number>();
  let slot = 0;
  for (const item of items) {
    if ("label" in item) {
      if (places.has(item.label)) throw new UsageError(`the label "${item.label}" is defined twice`);
      places.set(item.label, slot);
    } else slot += slotsOf(item.op);
  }
  return places;
}

function resolve(item: Reference, slot: number, places: ReadonlyMap<string, number>): Instruction {
  const place = places.get(item.to);
  if (place === undefined)
    throw new UsageError(`the instruction in slot ${slot} refers to the label "${item.to}", which is not defined`);
  const distance = place - slot - 1;
  if (item.field === "off" && (distance < -0x8000 || distance > 0x7fff)) throw tooFar(item, slot, distance);
  const { op, dst, src, off, imm } = item;
  if (item.field === "off") return { op, dst, src, off: distance, imm };
  const resolved = { op, dst, src, off, imm: distance };
  return op === bpf.LD_IMM64 ? { ...resolved, imm64: BigInt(distance >>> 0) } : resolved;
}

function tooFar({ op, to }: Reference, slot: number, distance: number): UsageError {
  const advice =
    op === (bpf.BPF_JMP | bpf.BPF_JA)
      ? `use gotol("${to}") (Linux 6.6)`
      : `jump with the opposite condition over a gotol("${to}") (Linux 6.6)`;
  return new UsageError(
    `the jump in slot ${slot} to "${to}" is ${distance} slots long, but a jump reaches only from -32768 to 32767; ${advice}`,
  );
}
