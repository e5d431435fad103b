import { FormatError } from "../errors/index.ts";
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_X,
  BpfPseudo,
  LD_IMM64,
  SLOT_SIZE,
} from "../uapi/index.ts";
import { type Instruction, readInstruction, slotsOf } from "./codec.ts";

/** An edge from the end of a block: to a block of the same function, given by its index, or out of the function. */
export type Edge =
  | { readonly kind: "next" | "jump"; readonly block: number }
  | { readonly kind: "exit" }
  /** The jump of a gotox instruction. Its possible targets are in a map. */
  | { readonly kind: "indirect" };

/**
 * Instructions that run one after the other. Jumps lead only to the first instruction, and only the last one can jump.
 */
export interface BasicBlock {
  /** The first slot of the block. */
  readonly start: number;
  /** The slot after the block's last slot. */
  readonly end: number;
  /** The edges. The edge to the next instruction comes first, then the edge of the jump. */
  readonly successors: readonly Edge[];
}

/** A function of a program and its blocks, which are in ascending order of slots. */
export interface FlowFunction {
  /** 0 for the main program. The other functions are numbered in the order in which they are first referred to. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly blocks: readonly BasicBlock[];
}

/** Options of {@link controlFlowGraph}. */
export interface FlowOptions {
  /** Byte order; default little endian. */
  readonly little?: boolean;
  /**
   * True (default) for a loaded program, where a subprogram call has the distance to the subprogram in `off`. False for
   * an object file, where the call has the distance in `imm`.
   */
  readonly loaded?: boolean;
}

/**
 * Returns the functions of a program with their basic blocks, in ascending order of slots. Time and memory are linear
 * in the program's size. Throws a FormatError if a jump leaves its function, if a call leaves the program, or if
 * either leads into the middle of an instruction.
 */
export function controlFlowGraph(instructions: Uint8Array, options: FlowOptions = {}): FlowFunction[] {
  const program = decode(instructions, options.little ?? true);
  const functions = functionStarts(program, options.loaded ?? true);
  const starts = [...functions.keys()].sort((a, b) => a - b);
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? program.length;
    return { index: functions.get(start) as number, start, end, blocks: blocksOf(program, start, end) };
  });
}

/** The instruction in each slot; undefined for the second slot of ld_imm64. */
type Slots = readonly (Instruction | undefined)[];

function decode(bytes: Uint8Array, little: boolean): Slots {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots: (Instruction | undefined)[] = [];
  while (slots.length * SLOT_SIZE < bytes.length) {
    const instruction = readInstruction(view, slots.length * SLOT_SIZE, little);
    slots.push(instruction);
    if (slotsOf(instruction.op) === 2) slots.push(undefined);
  }
  return slots;
}

/** Maps the first slot of each function to its index. A function begins at each target of a call and at each callback. */
function functionStarts(program: Slots, loaded: boolean): Map<number, number> {
  const starts = new Map<number, number>();
  const add = (slot: number, from: number): void => {
    if (program[slot] === undefined)
      throw invalidTarget(from, `slot ${slot}, where no instruction of the program begins`);
    if (!starts.has(slot)) starts.set(slot, starts.size);
  };
  if (program.length > 0) add(0, 0);
  program.forEach((instruction, slot) => {
    if (instruction === undefined) return;
    const { op, src, off, imm } = instruction;
    if (op === (BPF_JMP | BPF_CALL) && src === BpfPseudo.BPF_PSEUDO_CALL) add(slot + 1 + (loaded ? off : imm), slot);
    else if (op === LD_IMM64 && src === BpfPseudo.BPF_PSEUDO_FUNC) add(slot + 1 + imm, slot);
  });
  return starts;
}

/** The jump or exit at the end of a block. */
interface Branch {
  /** The distance of the jump in slots; undefined for an exit and an indirect jump. */
  readonly distance: number | undefined;
  /** True if control may also go on to the next instruction. */
  readonly fallsThrough: boolean;
  readonly indirect: boolean;
}

function branchOf({ op, off, imm }: Instruction): Branch | undefined {
  const kind = op & 0x07;
  const operation = op & 0xf0;
  if ((kind !== BPF_JMP && kind !== BPF_JMP32) || operation === BPF_CALL) return undefined;
  if (operation === BPF_EXIT) return { distance: undefined, fallsThrough: false, indirect: false };
  if (op === (BPF_JMP | BPF_JA | BPF_X)) return { distance: undefined, fallsThrough: false, indirect: true };
  if (operation !== BPF_JA) return { distance: off, fallsThrough: true, indirect: false };
  return { distance: kind === BPF_JMP32 ? imm : off, fallsThrough: false, indirect: false };
}

function blocksOf(program: Slots, start: number, end: number): BasicBlock[] {
  const heads = new Set([start]);
  const branches: { readonly slot: number; readonly branch: Branch }[] = [];
  for (let slot = start; slot < end; slot++) {
    const instruction = program[slot];
    const branch = instruction && branchOf(instruction);
    if (branch === undefined) continue;
    branches.push({ slot, branch });
    if (slot + 1 < end) heads.add(slot + 1);
    if (branch.distance === undefined) continue;
    const target = slot + 1 + branch.distance;
    if (target < start || target >= end || program[target] === undefined)
      throw invalidTarget(slot, `slot ${target}, where no instruction of its function begins`);
    heads.add(target);
  }
  const sorted = [...heads].sort((a, b) => a - b);
  const indexOf = new Map(sorted.map((slot, index) => [slot, index]));
  const branchAt = new Map(branches.map(({ slot, branch }) => [slot, branch]));
  return sorted.map((head, index) => {
    const after = sorted[index + 1] ?? end;
    const next: Edge = after === end ? { kind: "exit" } : { kind: "next", block: index + 1 };
    const branch = branchAt.get(after - 1);
    return { start: head, end: after, successors: branch ? edges(branch, after, next, indexOf) : [next] };
  });
}

function edges(branch: Branch, after: number, next: Edge, indexOf: ReadonlyMap<number, number>): Edge[] {
  const { distance, fallsThrough, indirect } = branch;
  if (indirect) return [{ kind: "indirect" }];
  if (distance === undefined) return [{ kind: "exit" }];
  const jump: Edge = { kind: "jump", block: indexOf.get(after + distance) as number };
  return fallsThrough ? [next, jump] : [jump];
}

function invalidTarget(slot: number, target: string): FormatError {
  return new FormatError({ source: "instructions", offset: slot * SLOT_SIZE }, `the instruction refers to ${target}`);
}
