import type { Btf, CoreRelocation } from "../btf/index.ts";
import type { BpfAttachType, BpfMapType, BpfProgType } from "../uapi/index.ts";
import { memberNamed } from "./member.ts";
import type { VariableSpec } from "./variable.ts";

/** What {@link ObjectSpec} is made of. */
export interface ObjectContents {
  /** The file's name without directory and suffix, or what the caller gave. */
  readonly name: string;
  readonly byteOrder: "little" | "big";
  /** Content of the `license` section; empty without one. */
  license: string;
  /** Content of the `version` section, as KERNEL_VERSION(); 0 without one. */
  kernelVersion: number;
  /** By name, in the order of the file. Like the other records here without a prototype: any C name is a safe key. */
  readonly programs: Record<string, ProgramSpec>;
  /**
   * All maps by their name in the object, in libbpf's order: `.maps`, legacy `maps`, data sections, `.kconfig`,
   * struct_ops.
   */
  readonly maps: Record<string, MapSpec>;
  /** Global variables of the data sections and the arena that are neither static nor hidden, by name. */
  readonly variables: Record<string, VariableSpec>;
  /** By name, in libbpf's order: kconfig by descending alignment, then the others by name. */
  readonly externs: Record<string, ExternSpec>;
  /**
   * The object's own type information, undefined where it has none. What only the ELF symbols know is filled in, as
   * the kernel wants it: sizes and offsets of data sections, externs as variables, hidden functions as static ones.
   */
  readonly btf: Btf | undefined;
}

/** What a BPF object file says, independent of any kernel. */
export class ObjectSpec implements ObjectContents {
  readonly name: string;
  readonly byteOrder: "little" | "big";
  license: string;
  kernelVersion: number;
  readonly programs: Record<string, ProgramSpec>;
  readonly maps: Record<string, MapSpec>;
  readonly variables: Record<string, VariableSpec>;
  readonly externs: Record<string, ExternSpec>;
  readonly btf: Btf | undefined;

  constructor(contents: ObjectContents) {
    this.name = contents.name;
    this.byteOrder = contents.byteOrder;
    this.license = contents.license;
    this.kernelVersion = contents.kernelVersion;
    this.programs = contents.programs;
    this.maps = contents.maps;
    this.variables = contents.variables;
    this.externs = contents.externs;
    this.btf = contents.btf;
  }

  /** Returns the program of this name. Throws UsageError with the names there are. */
  program(name: string): ProgramSpec {
    return memberNamed(`object ${this.name}`, "program", this.programs, name);
  }

  /** Returns the map of this name. Throws UsageError with the names there are. */
  map(name: string): MapSpec {
    return memberNamed(`object ${this.name}`, "map", this.maps, name);
  }

  /** Returns the global variable of this name. Throws UsageError with the names there are. */
  variable(name: string): VariableSpec {
    return memberNamed(`object ${this.name}`, "variable", this.variables, name);
  }

  /** Returns the extern of this name. Throws UsageError with the names there are. */
  extern(name: string): ExternSpec {
    return memberNamed(`object ${this.name}`, "extern", this.externs, name);
  }
}

/** A program: its instructions with all subprograms linked in, and what is left to do at load. */
export interface ProgramSpec {
  readonly name: string;
  /** As in the file, a leading `?` included. */
  readonly sectionName: string;
  /** BPF_PROG_TYPE_*; UNSPEC (0) where the section's name tells none. */
  type: BpfProgType;
  /** Expected attach type, or undefined where the section's name sets none. */
  attachType: BpfAttachType | undefined;
  /** `prog_flags`: BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS, … */
  flags: number;
  /** What the section's name says after its kind: `sched/sched_switch` of `tp/sched/sched_switch`; empty without. */
  attachTo: string;
  /** False for a section that begins with `?`: not loaded unless set. */
  autoload: boolean;
  /** False where the section's name alone is not enough to attach. */
  autoattach: boolean;
  /** Network device for offload or device-bound programs; 0 for none. */
  ifindex: number;
  /** Encoded instructions in the object's byte order: the program first, then each subprogram it reaches. */
  instructions: Uint8Array;
  /** What of `instructions` needs the kernel's answer, by ascending slot. Calls between functions are resolved. */
  relocations: Relocation[];
  /** CO-RE relocations with `slot` counted in `instructions`. */
  coreRelocations: CoreRelocation[];
  /** Where each function begins, the program's own first. */
  functions: FunctionSpec[];
  /** Source lines, by ascending slot; none unless every function has some, as the kernel demands. */
  lines: LineSpec[];
  /** Jump tables: for each a map BPF_MAP_TYPE_INSN_ARRAY of its own (Linux 6.19), frozen when filled. */
  readonly jumpTables: readonly JumpTableSpec[];
}

/** Where an indirect jump may go. */
export interface JumpTableSpec {
  /** Slots in the program's instructions: `orig_off` of the map's elements in their order. */
  readonly targets: readonly number[];
}

/** A function in a program's instructions. */
export interface FunctionSpec {
  readonly name: string;
  /** First instruction, in 8-byte slots. */
  readonly slot: number;
  /** BTF FUNC in the object's BTF; 0 where unknown. The kernel takes function information for all or for none. */
  readonly typeId: number;
}

/** The source line of an instruction. String offsets are into the object's BTF. */
export interface LineSpec {
  readonly slot: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  /** `line << 10 | column`, as the kernel packs it. */
  readonly lineColumn: number;
}

/** One instruction that the loader must patch. `slot` counts 8-byte slots from the program's start. */
export type Relocation =
  /** ld_imm64 of a map's address. */
  | { readonly kind: "map"; readonly slot: number; readonly map: string }
  /** ld_imm64 of an address within a map's value; for an arena counted from the start of its globals. */
  | { readonly kind: "map_value"; readonly slot: number; readonly map: string; readonly offset: number }
  /** ld_imm64 of an extern: the address of a kconfig value or a kernel variable (typed or not), or a constant. */
  | { readonly kind: "extern"; readonly slot: number; readonly extern: string }
  /** A call to, or ld_imm64 of the address of, a kernel function. */
  | { readonly kind: "kfunc"; readonly slot: number; readonly extern: string; readonly call: boolean }
  /** ld_imm64 of `offset` bytes into a jump table, by its number in {@link ProgramSpec.jumpTables}. */
  | { readonly kind: "jump_table"; readonly slot: number; readonly table: number; readonly offset: number };

/** An undefined symbol that the kernel, or its configuration, defines. */
export interface ExternSpec {
  /** As declared. A kernel symbol's own name is that without a `___flavour`. */
  readonly name: string;
  /** Without a definition a weak extern is 0; a strong one is an error. */
  readonly weak: boolean;
  readonly source:
    | {
        readonly kind: "kconfig";
        /** Place in the `.kconfig` map's value. */
        readonly offset: number;
        readonly size: number;
        /** The value's type, modifiers included. */
        readonly typeId: number;
        readonly type: "char" | "bool" | "int" | "tristate" | "char_array";
        readonly signed: boolean;
      }
    /** `typeId` is 0 for `extern const void x __ksym`, resolved by address alone. */
    | { readonly kind: "ksym"; readonly typeId: number }
    /** `typeId` is its FUNC_PROTO. */
    | { readonly kind: "kfunc"; readonly typeId: number }
    /** Undefined and without a type, as inline assembly leaves it: a number to be set before the load. */
    | { readonly kind: "constant"; value: bigint | undefined };
}

/** The blueprint of a map. Sizes are bytes. */
export interface MapSpec {
  /** Its key in {@link ObjectSpec.maps}: for instance `counts` or `.rodata.str1.1`; of an inner map `outer.inner`. */
  readonly name: string;
  /** The name for the kernel, at most 15 characters: for instance `counter.rodata`. */
  kernelName: string;
  /** `arena` is a BPF_MAP_TYPE_ARENA of `.maps`, whose `contents` are the object's arena globals. */
  readonly source: "btf" | "legacy" | "data" | "kconfig" | "struct_ops" | "arena";
  type: BpfMapType;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  /** BPF_F_* for map creation. */
  flags: number;
  numaNode: number | undefined;
  mapExtra: bigint;
  ifindex: number;
  /** `name`: pinned below the pin path by its name, and re-used from there (LIBBPF_PIN_BY_NAME). */
  pinning: "none" | "name";
  /** The prototype for a map of maps. */
  innerMap: MapSpec | undefined;
  /** In the object's BTF; 0 for none. */
  keyTypeId: number;
  valueTypeId: number;
  /** Declaration tags (`btf_decl_tag`) of the variable. */
  readonly tags: readonly string[];
  /**
   * Initial bytes of the only value of a data section's map, or of an arena's globals; undefined elsewhere.
   * Of `.bss*` and `.kconfig` they are made, as zeros, when first asked for. Where in an arena its globals lie is the
   * loader's choice (libbpf 1.8: at the end, where the kernel takes such offsets), which it adds to relocations.
   */
  contents: Uint8Array | undefined;
  /** Read-only for programs and frozen after its contents are set (`.rodata*`, `.kconfig`). */
  readonly frozen: boolean;
  /** Initial elements of a prog array or map of maps: `target` names a program or a map of the same object. */
  readonly slots: readonly { readonly index: number; readonly target: string }[];
  /** For `source: "struct_ops"`. */
  readonly structOps: StructOpsSpec | undefined;
  /** False: not created with the object (libbpf's bpf_map__set_autocreate). */
  autocreate: boolean;
}

/** An instance of a kernel struct of callbacks, from `.struct_ops` or `.struct_ops.link`. */
export interface StructOpsSpec {
  /** The struct in the object's BTF. */
  readonly typeId: number;
  /** Its name without a `___flavour`, such as `tcp_congestion_ops`. */
  readonly typeName: string;
  /** Made by `.struct_ops.link`: registered through a link. */
  readonly link: boolean;
  /** The initial bytes, by the object's layout. */
  readonly data: Uint8Array;
  /** Byte offset within `data`, the member's name, and the program that implements it. Remove what is not to be set. */
  readonly callbacks: { readonly offset: number; readonly member: string; readonly program: string }[];
}
