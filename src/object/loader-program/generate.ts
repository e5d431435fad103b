import {
  add,
  callHelper,
  exit,
  ja,
  jeq,
  jset,
  jsle,
  label,
  ldx,
  mov,
  r0,
  r1,
  r2,
  r3,
  r6,
  r7,
  r10,
  rsh,
  st,
  stx,
} from "../../asm/index.ts";
import { UsageError } from "../../errors/index.ts";
import {
  BpfBtfLoadAttr,
  BpfCmd,
  BpfCoreRelo,
  BpfFuncInfo,
  BpfLineInfo,
  BpfMapCreateAttr,
  BpfMapElemAttr,
  BpfProgLoadAttr,
  isMapOfMaps,
} from "../../uapi/index.ts";
import { CLEANUP, LoaderCode } from "./code.ts";
import { findType, IMMEDIATE, KernelSymbols } from "./kernel-symbols.ts";
import { CONTEXT, LoaderLayout } from "./layout.ts";
import type {
  LoaderMap,
  LoaderPlan,
  LoaderProgram,
  LoaderProgramPart,
  LoaderStep,
  MapCreateFields,
  SignedData,
} from "./plan.ts";

/** The flag in the context of a kernel module that runs the loader program (BPF_SKEL_KERNEL in skel_internal.h). */
const BPF_SKEL_KERNEL = 1;

/** The bytes of stack that the kernel gives a program. */
const STACK = 512;

// The sizes of the structs, up to the last field that a loader program sets.
const BTF_LOAD = BpfBtfLoadAttr.offsets.btf_log_level + 4;
const MAP_CREATE = BpfMapCreateAttr.offsets.map_extra + 8;
const MAP_UPDATE = BpfMapElemAttr.offsets.flags + 8;
const MAP_FREEZE = BpfMapElemAttr.offsets.map_fd + 4;
const PROG_LOAD = BpfProgLoadAttr.offsets.core_relo_rec_size + 4;
/** Before Linux 5.17, the kernel refuses the fields of CO-RE records. */
const PROG_LOAD_WITHOUT_CORE = BpfProgLoadAttr.offsets.fd_array + 8;

/**
 * Writes a loader program. It is of type syscall and does a whole load inside the kernel: it creates the maps, then
 * relocates and loads the programs (Linux 5.14; with CO-RE records 5.17). If a step fails, the loader program closes
 * what it made and returns the errno. For a skeleton, instructions and data are those that libbpf 1.8 generates
 * (gen_loader.c).
 */
export function generateLoader(plan: LoaderPlan, signed?: SignedData): LoaderProgram {
  return new Generator(plan, signed).generate();
}

class Generator {
  readonly #plan: LoaderPlan;
  readonly #signed: SignedData | undefined;
  readonly #code: LoaderCode;
  readonly #layout: LoaderLayout;
  readonly #steps: LoaderStep[] = [];
  /** The offsets in the data of fds that are closed when a program has been loaded. */
  readonly #temporary: number[] = [];
  #loaded = 0;

  constructor(plan: LoaderPlan, signed: SignedData | undefined) {
    this.#plan = plan;
    this.#signed = signed;
    this.#code = new LoaderCode(plan.byteOrder === "little");
    this.#layout = new LoaderLayout(plan);
  }

  generate(): LoaderProgram {
    const { maps, programs, btf, programSlots } = this.#plan;
    const layout = this.#layout;
    if (layout.stackSize > STACK) {
      throw new UsageError(
        `a loader program keeps the fds of its programs on its stack and can load at most ${STACK / 4 - 2}, but the object has ${programs.length}`,
      );
    }
    this.#begin();
    if (btf !== undefined) this.#loadBtf(btf);
    for (const [index, map] of maps.entries()) this.#createMap(map, index);
    for (const [index, program] of programs.entries()) this.#loadProgram(program, index);
    for (const [index, map] of maps.entries()) this.#fillWithPrograms(map, index);
    this.#end();
    const { instructions, data } = this.#code.finish(this.#signed);
    return {
      instructions,
      data,
      contextSize: layout.contextSize,
      mapOffsets: maps.map((_, index) => layout.mapInContext(index).fd),
      programOffsets: Array.from({ length: programSlots }, (_, index) => layout.programInContext(index)),
      stepOffset: layout.step,
      steps: this.#steps,
    };
  }

  get #isSkeleton(): boolean {
    return this.#plan.purpose === "skeleton";
  }

  /** Begins a step. If this process runs the loader program, it finds the step's number in the context. */
  #step(step: LoaderStep): void {
    if (this.#isSkeleton) return;
    this.#code.emit(mov(r0, this.#steps.push(step) - 1), stx("u32", r6, r0, this.#layout.step));
  }

  #begin(): void {
    const code = this.#code;
    const { stackSize, stackSlots } = this.#layout;
    code.reserve(this.#layout.fdArraySize);
    code.emit(mov(r6, r1));
    if (this.#isSkeleton) {
      // The helper cannot read from address 0. It then clears the memory.
      code.emit(mov(r1, r10), add(r1, -stackSize), mov(r2, stackSize), mov(r3, 0));
      code.emit(callHelper("bpf_probe_read_kernel"));
      const start = code.newLabel();
      code.emit(ja(start));
      this.#cleanUp(Math.min(2 + this.#plan.functions, stackSlots));
      code.emit(label(start));
      code.placeCheck();
      return;
    }
    // That helper needs CAP_PERFMON, which this process may not have.
    for (let at = -stackSize; at < 0; at += 4) code.emit(st("u32", r10, at, 0));
    code.placeCheck();
    for (const [index, { isGiven }] of this.#plan.maps.entries()) {
      if (isGiven) code.contextToData("u32", this.#layout.map(index), this.#layout.mapInContext(index).fd);
    }
  }

  /** Writes the code that ends the loader program after a failed step. */
  #cleanUp(fdsOnStack: number): void {
    const code = this.#code;
    code.emit(label(CLEANUP));
    for (let i = 0; i < fdsOnStack; i++) {
      const skip = code.newLabel();
      code.emit(ldx("u32", r1, r10, i * 4 - this.#layout.stackSize), jsle(r1, 0, skip), callHelper("bpf_sys_close"));
      code.emit(label(skip));
    }
    for (const index of this.#plan.maps.keys()) code.closeInData(this.#layout.map(index));
    for (const at of this.#temporary) code.closeInData(at);
    code.emit(mov(r0, r7), exit());
  }

  #end(): void {
    const code = this.#code;
    const { maps, programs } = this.#plan;
    code.closeOnStack(this.#layout.btf);
    for (const [number, { index }] of programs.entries()) {
      code.stackToContext(this.#layout.programInContext(index), this.#layout.program(number));
    }
    for (const index of maps.keys()) {
      code.dataToContext(this.#layout.mapInContext(index).fd, this.#layout.map(index));
    }
    code.emit(mov(r0, 0), exit());
    if (!this.#isSkeleton) this.#cleanUp(this.#layout.stackSlots);
  }

  /** Copies the user's wishes for a log from the context into a struct. */
  #copyLog(level: number, size: number, buffer: number): void {
    const code = this.#code;
    code.contextToData("u32", level, CONTEXT.log_level);
    code.contextToData("u32", size, CONTEXT.log_size);
    code.contextToData("u64", buffer, CONTEXT.log_buf);
  }

  #loadBtf(btf: Uint8Array): void {
    const code = this.#code;
    this.#step({ what: "btf", index: -1 });
    const data = code.add(btf);
    const attr = code.addStruct(BpfBtfLoadAttr, { btf_size: btf.length }, BTF_LOAD);
    const { offsets } = BpfBtfLoadAttr;
    this.#copyLog(attr + offsets.btf_log_level, attr + offsets.btf_log_size, attr + offsets.btf_log_buf);
    code.storeAddress(attr + offsets.btf, data);
    code.bpf(BpfCmd.BPF_BTF_LOAD, attr, BTF_LOAD);
    code.check();
    code.keepOnStack(this.#layout.btf);
  }

  #createMap(map: LoaderMap, index: number): void {
    if (map.isGiven) return;
    const code = this.#code;
    const { innerMap } = this.#layout;
    this.#step({ what: "map", index });
    if (map.inner !== undefined) {
      this.#callMapCreate(map.inner, undefined);
      code.keepOnStack(innerMap);
    }
    this.#callMapCreate(map.fields, index);
    code.keepInData(this.#layout.map(index));
    if (isMapOfMaps(map.fields.map_type ?? 0)) code.closeOnStack(innerMap);
    if (map.contents !== undefined) this.#fill(map.contents, map.contentsFlags, index);
    if (map.freeze) {
      const attr = code.addStruct(BpfMapElemAttr, {}, MAP_FREEZE);
      code.copyData("u32", attr, this.#layout.map(index));
      code.bpf(BpfCmd.BPF_MAP_FREEZE, attr, MAP_FREEZE);
      code.check();
    }
    this.#fillWithMaps(index);
  }

  /** @param index the map's index; undefined for an inner map */
  #callMapCreate(fields: MapCreateFields, index: number | undefined): void {
    const code = this.#code;
    const { offsets } = BpfMapCreateAttr;
    const attr = code.addStruct(BpfMapCreateAttr, fields, MAP_CREATE);
    if ((fields.btf_value_type_id ?? 0) !== 0) code.stackToData(attr + offsets.btf_fd, this.#layout.btf);
    if (isMapOfMaps(fields.map_type ?? 0)) code.stackToData(attr + offsets.inner_map_fd, this.#layout.innerMap);
    if (index !== undefined && this.#takesChanges) {
      const { maxEntries } = this.#layout.mapInContext(index);
      code.contextToData("u32", attr + offsets.max_entries, maxEntries, { ifSet: true });
    }
    code.bpf(BpfCmd.BPF_MAP_CREATE, attr, MAP_CREATE);
    code.check();
  }

  /** Whether C code may change sizes and initial values. A signature would not cover such changes. */
  get #takesChanges(): boolean {
    return this.#isSkeleton && this.#signed === undefined;
  }

  /** Writes a value to the map's first element. */
  #fill(contents: Uint8Array, flags: bigint, index: number): void {
    const code = this.#code;
    const value = code.add(contents);
    const key = code.addNumber(0);
    if (this.#takesChanges) this.#readInitialValue(value, contents.length, index);
    this.#updateElement(index, key, value, flags);
  }

  /** Replaces the value by that of the C program or kernel module that runs the loader program, if it gives one. */
  #readInitialValue(value: number, size: number, index: number): void {
    const code = this.#code;
    const skip = code.newLabel();
    const fromKernel = code.newLabel();
    code.emit(ldx("u64", r3, r6, this.#layout.mapInContext(index).initialValue), jeq(r3, 0, skip));
    code.address(r1, value);
    code.emit(mov(r2, size), ldx("u32", r0, r6, CONTEXT.flags), jset(r0, BPF_SKEL_KERNEL, fromKernel));
    code.emit(callHelper("bpf_copy_from_user"), ja(skip));
    code.emit(label(fromKernel), callHelper("bpf_probe_read_kernel"), label(skip));
  }

  /** Sets an element of a map. `key` and `value` are offsets in the data. */
  #updateElement(index: number, key: number, value: number, flags = 0n): void {
    const code = this.#code;
    const { offsets } = BpfMapElemAttr;
    const attr = code.addStruct(BpfMapElemAttr, { flags }, MAP_UPDATE);
    code.copyData("u32", attr + offsets.map_fd, this.#layout.map(index));
    code.storeAddress(attr + offsets.key, key);
    code.storeAddress(attr + offsets.value, value);
    code.bpf(BpfCmd.BPF_MAP_UPDATE_ELEM, attr, MAP_UPDATE);
    code.check();
  }

  /** Sets the elements whose map and value exist as soon as the map with this index exists. */
  #fillWithMaps(created: number): void {
    const { maps } = this.#plan;
    for (const [outer, { slots, isGiven }] of maps.entries()) {
      if (outer > created || isGiven) continue;
      for (const { index, map } of slots) {
        if (map === undefined || Math.max(outer, this.#lastMade(map)) !== created) continue;
        this.#step({ what: "element", index: outer });
        this.#updateElement(outer, this.#code.addNumber(index), this.#layout.map(map));
      }
    }
  }

  /** Returns after which map's creation a map exists: a given map exists from the start. */
  #lastMade(map: number): number {
    return this.#plan.maps[map]?.isGiven === true ? -1 : map;
  }

  /** Sets the elements whose values are programs. libbpf's loader program cannot do this. */
  #fillWithPrograms({ slots, isGiven }: LoaderMap, index: number): void {
    if (isGiven) return;
    const code = this.#code;
    for (const { index: element, program } of slots) {
      if (program === undefined) continue;
      this.#step({ what: "element", index });
      const value = code.addNumber(0);
      code.stackToData(value, this.#layout.program(program));
      this.#updateElement(index, code.addNumber(element), value);
    }
  }

  #loadProgram(program: LoaderProgramPart, index: number): void {
    const code = this.#code;
    const { offsets } = BpfProgLoadAttr;
    const { functionInfo, lineInfo, coreRelocations } = program;
    const withoutCore = !this.#isSkeleton && coreRelocations.length === 0;
    const size = withoutCore ? PROG_LOAD_WITHOUT_CORE : PROG_LOAD;
    const license = code.addText(program.license);
    const instructions = code.add(program.instructions);
    const records = [code.add(functionInfo), code.add(lineInfo), code.add(coreRelocations)] as const;
    const attr = code.addStruct(
      BpfProgLoadAttr,
      {
        ...program.fields,
        insn_cnt: program.instructions.length / 8,
        func_info_rec_size: functionInfo.length === 0 ? 0 : BpfFuncInfo.size,
        func_info_cnt: functionInfo.length / BpfFuncInfo.size,
        line_info_rec_size: lineInfo.length === 0 ? 0 : BpfLineInfo.size,
        line_info_cnt: lineInfo.length / BpfLineInfo.size,
        core_relo_rec_size: BpfCoreRelo.size,
        core_relo_cnt: coreRelocations.length / BpfCoreRelo.size,
      },
      size,
    );
    code.storeAddress(attr + offsets.license, license);
    code.storeAddress(attr + offsets.insns, instructions);
    code.storeAddress(attr + offsets.func_info, records[0]);
    code.storeAddress(attr + offsets.line_info, records[1]);
    if (!withoutCore) code.storeAddress(attr + offsets.core_relos, records[2]);
    code.storeAddress(attr + offsets.fd_array, 0);
    this.#copyLog(attr + offsets.log_level, attr + offsets.log_size, attr + offsets.log_buf);
    code.stackToData(attr + offsets.prog_btf_fd, this.#layout.btf);
    if (program.target !== undefined) {
      const { name, btfKind } = program.target;
      this.#step({ what: "target", index, name });
      findType(code, name, btfKind);
      code.check();
      code.address(r0, attr);
      code.emit(stx("u32", r0, r7, offsets.attach_btf_id), rsh(r7, 32), stx("u32", r0, r7, offsets.attach_prog_fd));
    }
    for (const { slot, map } of program.mapFds) {
      code.copyData("u32", instructions + slot * 8 + IMMEDIATE, this.#layout.map(map));
    }
    const symbols = new KernelSymbols(code, this.#layout, instructions, this.#plan.purpose);
    for (const symbol of program.symbols) {
      this.#step({ what: "symbol", index, name: symbol.name });
      symbols.patch(symbol);
    }
    this.#step({ what: "program", index });
    code.bpf(BpfCmd.BPF_PROG_LOAD, attr, size);
    for (const at of symbols.fds) this.#closeTemporary(at);
    if (program.target !== undefined) this.#closeTemporary(attr + offsets.attach_prog_fd);
    code.check();
    code.keepOnStack(this.#layout.program(this.#loaded++));
  }

  /** Closes an fd in the data. If a step between opening and closing fails, the end of the loader program closes it. */
  #closeTemporary(at: number): void {
    this.#code.closeInData(at);
    if (this.#isSkeleton) return;
    this.#code.clearData(at);
    this.#temporary.push(at);
  }
}
