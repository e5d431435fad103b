import type { Btf, CoreRelocation } from "../btf/index.ts";
import type { BpfAttachType, BpfMapType, BpfProgType } from "../uapi/index.ts";
import { memberNamed } from "./member.ts";
import type { VariableSpec } from "./variable.ts";

/** The members of an {@link ObjectSpec}. */
export interface ObjectContents {
  /** The file's name without directory and suffix, or the caller's. */
  readonly name: string;
  readonly byteOrder: "little" | "big";
  /** Content of the `license` section; empty without one. */
  license: string;
  /** Content of the `version` section, as KERNEL_VERSION(); 0 without one. */
  kernelVersion: number;
  /** By name, in the order of the file. None of these records has a prototype, so any C name is a safe key. */
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
   * The object's BTF; undefined if it has none. It is completed from the ELF symbols, as the kernel requires: sizes and
   * offsets of data sections, externs as variables, hidden functions as static ones.
   */
  readonly btf: Btf | undefined;
}

/** The contents of a BPF object file. They do not depend on a kernel. */
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

/** A program: its linked instructions, and the relocations to apply at load. */
export interface ProgramSpec {
  readonly name: string;
  /** The name in the file, with a leading `?`. */
  readonly sectionName: string;
  /** BPF_PROG_TYPE_*; UNSPEC (0) if the section name determines none. */
  type: BpfProgType;
  /** The expected attach type, if the section name determines one. */
  attachType: BpfAttachType | undefined;
  /** `prog_flags`: BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS, … */
  flags: number;
  /** The target in the section name: `sched/sched_switch` of `tp/sched/sched_switch`; empty if there is none. */
  attachTo: string;
  /** Whether to load it by default. False if the section name begins with `?`. */
  autoload: boolean;
  /** Whether autoAttach() attaches it. False if the section name is no complete target. */
  autoattach: boolean;
  /** Network device for offload or device-bound programs; 0 for none. */
  ifindex: number;
  /** Encoded instructions in the object's byte order: the program first, then each subprogram it reaches. */
  instructions: Uint8Array;
  /** The relocations that depend on the kernel, by ascending slot. Calls between functions are resolved already. */
  relocations: Relocation[];
  /** The CO-RE relocations. Their `slot` counts in `instructions`. */
  coreRelocations: CoreRelocation[];
  /** The functions in `instructions`; the first one is the program itself. */
  functions: FunctionSpec[];
  /** Source lines, by ascending slot. The kernel requires lines for all functions or none, so it may be empty. */
  lines: LineSpec[];
  /** Jump tables. The loader makes a frozen BPF_MAP_TYPE_INSN_ARRAY (Linux 6.19) of each. */
  readonly jumpTables: readonly JumpTableSpec[];
}

/** The targets of an indirect jump. */
export interface JumpTableSpec {
  /** Slots in the program's instructions: `orig_off` of the map's elements, in order. */
  readonly targets: readonly number[];
}

/** A function in a program's instructions. */
export interface FunctionSpec {
  readonly name: string;
  /** First instruction, in 8-byte slots. */
  readonly slot: number;
  /** The id of its FUNC in the object's BTF; 0 if unknown. The kernel requires it for all functions or none. */
  readonly typeId: number;
}

/** The source line of an instruction. The offsets are those of strings in the object's BTF. */
export interface LineSpec {
  readonly slot: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  /** `line << 10 | column`, as the kernel packs it. */
  readonly lineColumn: number;
}

/** An instruction that the loader must patch. `slot` counts 8-byte slots from the program's start. */
export type Relocation =
  /** ld_imm64 of a map's address. */
  | { readonly kind: "map"; readonly slot: number; readonly map: string }
  /** ld_imm64 of an address in a map's value. For an arena, `offset` counts from the start of its globals. */
  | { readonly kind: "map_value"; readonly slot: number; readonly map: string; readonly offset: number }
  /** ld_imm64 of an extern: the address of a kconfig value or a kernel variable (typed or not), or a constant. */
  | { readonly kind: "extern"; readonly slot: number; readonly extern: string }
  /** A call to, or ld_imm64 of the address of, a kernel function. */
  | { readonly kind: "kfunc"; readonly slot: number; readonly extern: string; readonly call: boolean }
  /**
   * ld_imm64 of an address in a jump table. `table` is its index in {@link ProgramSpec.jumpTables}, `offset` is in
   * bytes.
   */
  | { readonly kind: "jump_table"; readonly slot: number; readonly table: number; readonly offset: number };

/** An undefined symbol that the kernel, or its configuration, defines. */
export interface ExternSpec {
  /** The declared name. The kernel's symbol has this name without a `___flavour`. */
  readonly name: string;
  /** If the kernel lacks it, a weak extern is 0 and a strong one is an error. */
  readonly weak: boolean;
  readonly source:
    | {
        readonly kind: "kconfig";
        /** Its offset in the value of the map `.kconfig`. */
        readonly offset: number;
        readonly size: number;
        /** The value's type, with modifiers such as const. */
        readonly typeId: number;
        readonly type: "char" | "bool" | "int" | "tristate" | "char_array";
        readonly signed: boolean;
      }
    /** `typeId` is 0 for `extern const void x __ksym`, resolved by address alone. */
    | { readonly kind: "ksym"; readonly typeId: number }
    /** `typeId` is its FUNC_PROTO. */
    | { readonly kind: "kfunc"; readonly typeId: number }
    /** An undefined symbol without a type, from inline assembly. The caller must set its value before the load. */
    | { readonly kind: "constant"; value: bigint | undefined };
}

/** The definition of a map. Sizes are in bytes. */
export interface MapSpec {
  /** Its key in {@link ObjectSpec.maps}, such as `counts` or `.rodata.str1.1`. An inner map is `outer.inner`. */
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
  /** `name`: pinned by its name in `pinPath`, or reused from there (LIBBPF_PIN_BY_NAME). */
  pinning: "none" | "name";
  /** The definition of the inner maps of a map of maps. */
  innerMap: MapSpec | undefined;
  /** In the object's BTF; 0 for none. */
  keyTypeId: number;
  valueTypeId: number;
  /** Declaration tags (`btf_decl_tag`) of the variable. */
  readonly tags: readonly string[];
  /**
   * The initial bytes of a data section's map or of an arena's globals; undefined for other maps. The zeros of `.bss*`
   * and `.kconfig` are allocated at the first access. The loader chooses where in an arena the globals lie.
   */
  contents: Uint8Array | undefined;
  /** Whether the map is read-only for programs and frozen once it is filled (`.rodata*`, `.kconfig`). */
  readonly frozen: boolean;
  /** Initial elements of a prog array or map of maps: `target` names a program or a map of the same object. */
  readonly slots: readonly { readonly index: number; readonly target: string }[];
  /** For `source: "struct_ops"`. */
  readonly structOps: StructOpsSpec | undefined;
  /** Whether the load creates it (libbpf's bpf_map__set_autocreate). */
  autocreate: boolean;
}

/** An instance of a kernel struct of callbacks, from `.struct_ops` or `.struct_ops.link`. */
export interface StructOpsSpec {
  /** The struct in the object's BTF. */
  readonly typeId: number;
  /** Its name without a `___flavour`, such as `tcp_congestion_ops`. */
  readonly typeName: string;
  /** Whether it is from `.struct_ops.link`, and so registered through a link. */
  readonly link: boolean;
  /** The initial bytes, in the object's layout. */
  readonly data: Uint8Array;
  /** The callbacks: offset in `data`, name of the member, and name of the program. Remove one to leave it unset. */
  readonly callbacks: { readonly offset: number; readonly member: string; readonly program: string }[];
}
