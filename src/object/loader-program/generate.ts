import {
  callHelper,
  jeq,
  jne,
  jslt,
  label,
  ldMapIdxValue,
  ldx,
  mov,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r7,
  r8,
  r9,
  rsh,
  stx,
} from "../../asm/index.ts";
import { BtfKind } from "../../btf/index.ts";
import { Errno } from "../../errors/index.ts";
import {
  BpfBtfLoadAttr,
  BpfCmd,
  BpfMapCreateAttr,
  BpfMapElemAttr,
  BpfProgLoadAttr,
  BpfPseudo,
} from "../../uapi/index.ts";
import { LoaderCode } from "./code.ts";
import type { LoaderMap, LoaderPatch, LoaderPlan, LoaderProgram, LoaderProgramPart, SignedData } from "./plan.ts";

/** The size of the start of the context: the number of the step, and four bytes of padding. */
const CONTEXT_HEADER = 8;
/** The offset in an instruction of the byte with the source and the destination register. */
const REGISTERS = 1;
const OFFSET = 2;
const IMMEDIATE = 4;
const SECOND = 8;

/**
 * Writes a loader program. It is of type syscall and does a whole load inside the kernel: it creates the maps, then
 * relocates and loads the programs (Linux 5.14; with CO-RE records 5.17). If a step fails, the loader program closes
 * what it made and returns the errno.
 */
export function generateLoader(plan: LoaderPlan, signed?: SignedData): LoaderProgram {
  const code = new LoaderCode(CONTEXT_HEADER);
  const btfSlot = code.fdSlot();
  const mapOffsets = plan.maps.map(() => code.fdSlot());
  const programOffsets = plan.programs.map(() => code.fdSlot());
  const temporary = code.fdSlot();
  const slots = { btf: btfSlot, maps: mapOffsets, programs: programOffsets, temporary };
  if (plan.btf !== undefined) loadBtf(code, plan.btf, btfSlot);
  for (const [index, map] of plan.maps.entries()) createMap(code, map, index, slots);
  for (const [index, program] of plan.programs.entries()) loadProgram(code, program, index, slots);
  for (const [index, map] of plan.maps.entries()) fillSlots(code, map, index, slots);
  code.closeFd(btfSlot);
  const { instructions, data } = code.finish(signed);
  const { contextSize, steps } = code;
  return { instructions, data, contextSize, stepOffset: 0, mapOffsets, programOffsets, steps };
}

interface Slots {
  readonly btf: number;
  readonly maps: readonly number[];
  readonly programs: readonly number[];
  /** The slot in the context for an fd that is closed at the end of a step. */
  readonly temporary: number;
}

function loadBtf(code: LoaderCode, btf: Uint8Array, slot: number): void {
  const attr = code.add(new Uint8Array(BpfBtfLoadAttr.alloc({ btf_size: btf.length }).buffer));
  code.step({ what: "btf", index: -1 });
  code.storeAddress(attr + BpfBtfLoadAttr.offsets.btf, code.add(btf));
  code.bpf(BpfCmd.BPF_BTF_LOAD, attr, BpfBtfLoadAttr.size);
  code.keepFd(slot);
}

function createMap(code: LoaderCode, map: LoaderMap, index: number, slots: Slots): void {
  const slot = slots.maps[index] as number;
  const given = code.newLabel();
  code.step({ what: "map", index });
  code.emit(ldx("u32", r0, r6, slot), jne(r0, 0, given));
  const { offsets, size } = BpfMapCreateAttr;
  const create = ({ attr, typed }: { attr: Uint8Array; typed: boolean }, into: number, inner: boolean): void => {
    const at = code.add(attr);
    if (typed) code.storeFd(at + offsets.btf_fd, slots.btf);
    if (inner) code.storeFd(at + offsets.inner_map_fd, slots.temporary);
    code.bpf(BpfCmd.BPF_MAP_CREATE, at, size);
    code.keepFd(into);
  };
  if (map.inner !== undefined) create(map.inner, slots.temporary, false);
  create(map, slot, map.inner !== undefined);
  if (map.inner !== undefined) code.closeFd(slots.temporary);
  if (map.contents !== undefined) {
    const attr = elementAttr(code, slot, map.contentsFlags);
    code.storeAddress(attr + BpfMapElemAttr.offsets.key, code.add(new Uint8Array(4)));
    code.storeAddress(attr + BpfMapElemAttr.offsets.value, code.add(map.contents));
    code.bpf(BpfCmd.BPF_MAP_UPDATE_ELEM, attr, BpfMapElemAttr.size);
  }
  if (map.freeze) code.bpf(BpfCmd.BPF_MAP_FREEZE, elementAttr(code, slot), 4);
  code.emit(label(given));
}

/**
 * Adds to the data the attr of an element call or of BPF_MAP_FREEZE. The loader program copies the map's fd from `slot`
 * into this attr. Returns the attr's offset in the data.
 */
function elementAttr(code: LoaderCode, slot: number, flags = 0n): number {
  const attr = code.add(new Uint8Array(BpfMapElemAttr.alloc({ flags }).buffer));
  code.storeFd(attr + BpfMapElemAttr.offsets.map_fd, slot);
  return attr;
}

function fillSlots(code: LoaderCode, map: LoaderMap, index: number, slots: Slots): void {
  for (const element of map.slots) {
    const fd = element.map === undefined ? slots.programs[element.program ?? -1] : slots.maps[element.map];
    if (fd === undefined) continue;
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, element.index, true);
    const value = code.add(new Uint8Array(4));
    code.step({ what: "element", index });
    code.storeFd(value, fd);
    const attr = elementAttr(code, slots.maps[index] as number);
    code.storeAddress(attr + BpfMapElemAttr.offsets.key, code.add(key));
    code.storeAddress(attr + BpfMapElemAttr.offsets.value, value);
    code.bpf(BpfCmd.BPF_MAP_UPDATE_ELEM, attr, BpfMapElemAttr.size);
  }
}

function loadProgram(code: LoaderCode, program: LoaderProgramPart, index: number, slots: Slots): void {
  const { offsets, size } = BpfProgLoadAttr;
  const attrBytes = program.attr.slice();
  const view = new DataView(attrBytes.buffer);
  view.setUint32(offsets.insn_cnt, program.instructions.length / 8, true);
  const attr = code.add(attrBytes);
  const instructions = code.add(program.instructions);
  const point = (field: number, at: number): void => code.storeAddress(attr + field, at);
  point(offsets.license, code.addText(program.license));
  point(offsets.insns, instructions);
  const records = (pointer: number, count: number, recordSize: number, bytes: Uint8Array, width: number): void => {
    if (bytes.length === 0) return;
    const at = code.add(bytes);
    view.setUint32(count, bytes.length / width, true);
    view.setUint32(recordSize, width, true);
    point(pointer, at);
  };
  records(offsets.func_info, offsets.func_info_cnt, offsets.func_info_rec_size, program.functionInfo, 8);
  records(offsets.line_info, offsets.line_info_cnt, offsets.line_info_rec_size, program.lineInfo, 16);
  records(offsets.core_relos, offsets.core_relo_cnt, offsets.core_relo_rec_size, program.coreRelocations, 16);
  if (slots.btf !== 0) code.storeFd(attr + offsets.prog_btf_fd, slots.btf);
  const modules = new Modules(code, program, index, instructions);
  for (const patch of program.patches) modules.patch(patch, slots);
  if (modules.count > 0) point(offsets.fd_array, modules.array);
  if (program.target !== undefined) {
    code.step({ what: "target", index, name: program.target.name });
    findType(code, program.target.name, program.target.btfKind);
    code.check();
    code.address(r1, attr);
    code.emit(stx("u32", r1, r7, offsets.attach_btf_id), rsh(r7, 32), stx("u32", r1, r7, offsets.attach_prog_fd));
    code.keepFd(slots.temporary);
  }
  code.step({ what: "program", index });
  code.bpf(BpfCmd.BPF_PROG_LOAD, attr, size);
  code.keepFd(slots.programs[index] as number);
  if (program.target !== undefined) code.closeFd(slots.temporary);
  modules.close();
}

/**
 * r7 = the BTF id of a kernel type, with the fd of its module's BTF in the upper half. If there is no such type, r7 is
 * a negative errno.
 */
function findType(code: LoaderCode, name: string, btfKind: number): void {
  code.address(r1, code.addText(name));
  code.emit(mov(r2, name.length + 1), mov(r3, btfKind), mov(r4, 0));
  code.emit(callHelper("bpf_btf_find_by_name_kind"), mov(r7, r0));
}

/** The modules' BTF that a program's instructions need: the fds, and the instructions that use each of them. */
class Modules {
  readonly #code: LoaderCode;
  readonly #program: LoaderProgramPart;
  readonly #index: number;
  readonly #instructions: number;
  readonly #slots: number[] = [];
  /** The offset, in the data, of the array in which the kernel looks up fds by their index. Index 0 is unused. */
  readonly array: number;

  constructor(code: LoaderCode, program: LoaderProgramPart, index: number, instructions: number) {
    this.#code = code;
    this.#program = program;
    this.#index = index;
    this.#instructions = instructions;
    this.array = code.add(new Uint8Array(4 * (program.patches.length + 1)));
  }

  get count(): number {
    return this.#slots.length;
  }

  patch(patch: LoaderPatch, slots: Slots): void {
    const code = this.#code;
    const at = this.#instructions + patch.slot * 8;
    if (patch.kind === "map") {
      code.storeFd(at + IMMEDIATE, slots.maps[patch.map] as number);
      return;
    }
    code.step({ what: "symbol", index: this.#index, name: patch.name });
    const missing = code.newLabel();
    if (patch.kind === "address") this.#address(patch.name, patch.weak, at, missing);
    else {
      findType(code, patch.name, patch.kind === "btf" ? patch.btfKind : BtfKind.FUNC);
      if (patch.weak) code.emit(jslt(r7, 0, missing));
      else code.check();
      if (patch.kind === "btf") this.#reference(at);
      else this.#call(at);
    }
    code.emit(label(missing));
  }

  #address(name: string, weak: boolean, at: number, missing: string): void {
    const code = this.#code;
    const result = code.add(new Uint8Array(8));
    code.address(r1, code.addText(name));
    code.emit(mov(r2, name.length + 1), mov(r3, 0));
    code.address(r4, result);
    code.emit(callHelper("bpf_kallsyms_lookup_name"), mov(r7, r0));
    if (weak) code.emit(jeq(r7, -Errno.ENOENT, missing));
    code.check();
    code.address(r1, result);
    code.emit(ldx("u64", r8, r1, 0));
    code.address(r1, at);
    code.emit(stx("u32", r1, r8, IMMEDIATE), rsh(r8, 32), stx("u32", r1, r8, SECOND + IMMEDIATE));
  }

  /**
   * Patches an ld_imm64 that loads a BTF id. The fd of the module's BTF goes into the second half of the instruction.
   * The loader program closes this fd after the load.
   */
  #reference(at: number): void {
    const code = this.#code;
    code.address(r1, at);
    this.#setSource(at, BpfPseudo.BPF_PSEUDO_BTF_ID);
    code.emit(stx("u32", r1, r7, IMMEDIATE), mov(r8, r7), rsh(r8, 32), stx("u32", r1, r8, SECOND + IMMEDIATE));
    const slot = code.fdSlot();
    this.#slots.push(slot);
    code.emit(stx("u32", r6, r8, slot));
  }

  /**
   * Patches a call of a kernel function. If the function is in a module, the call also needs the index of the module's
   * BTF in fd_array.
   */
  #call(at: number): void {
    const code = this.#code;
    const slot = code.fdSlot();
    const place = this.#slots.push(slot);
    const vmlinux = code.newLabel();
    this.#setSource(at, BpfPseudo.BPF_PSEUDO_KFUNC_CALL);
    code.emit(stx("u32", r1, r7, IMMEDIATE), mov(r8, r7), rsh(r8, 32), stx("u32", r6, r8, slot));
    code.emit(mov(r9, 0), jeq(r8, 0, vmlinux), mov(r9, place));
    code.emit(ldMapIdxValue(r2, 0, this.array + 4 * place), stx("u32", r2, r8, 0), label(vmlinux));
    code.emit(stx("u16", r1, r9, OFFSET));
  }

  /** r1 = the address of the instruction. Sets the instruction's source register and keeps its destination register. */
  #setSource(at: number, source: number): void {
    const code = this.#code;
    const registers = this.#program.instructions[at - this.#instructions + REGISTERS] ?? 0;
    code.address(r1, at);
    code.emit(mov(r0, (registers & 0x0f) | (source << 4)), stx("u8", r1, r0, REGISTERS));
  }

  close(): void {
    for (const slot of this.#slots) this.#code.closeFd(slot);
  }
}
