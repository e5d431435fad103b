import type { Btf, CoreRelocation } from "../btf/index.ts";
import type { BpfAttachType, BpfMapType, BpfProgType } from "../uapi/index.ts";
import { memberNamed } from "./member.ts";
import type { VariableSpec } from "./variable.ts";

/** The members of an {@link ObjectSpec}. */
export interface ObjectContents {
  /** The file's name without its directory and suffix, or the name that the caller gave. */
  readonly name: string;
  readonly byteOrder: "little" | "big";
  /** The content of the `license` section; empty if there is none. */
  license: string;
  /** The content of the `version` section, as KERNEL_VERSION(); 0 if there is none. */
  kernelVersion: number;
  /**
   * The programs by name, in the order of the file. Like the records below, this record has no prototype, so any C name
   * can be a key.
   */
  readonly programs: Record<string, ProgramSpec>;
  /**
   * All maps by their name in the object. The order is libbpf's: `.maps`, legacy `maps`, data sections, `.kconfig`,
   * struct_ops.
   */
  readonly maps: Record<string, MapSpec>;
  /** The global variables of the data sections and the arena, by name. Static and hidden variables are left out. */
  readonly variables: Record<string, VariableSpec>;
  /** The externs by name, in libbpf's order: kconfig externs by descending alignment, then the others by name. */
  readonly externs: Record<string, ExternSpec>;
  /**
   * The object's BTF; undefined if it has none. The ELF symbols have completed it as the kernel requires: data sections
   * have sizes and offsets, externs are variables, and hidden functions are static.
   */
  readonly btf: Btf | undefined;
  /** The number of functions in the file: programs and subprograms. */
  readonly functionCount: number;
}

/** The contents of a BPF object file, independent of any kernel. */
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
  readonly functionCount: number;

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
    this.functionCount = contents.functionCount;
  }

  /** Returns the program of this name. If there is none, throws UsageError, which lists the names of the programs. */
  program(name: string): ProgramSpec {
    return memberNamed(`object ${this.name}`, "program", this.programs, name);
  }

  /** Returns the map of this name. If there is none, throws UsageError, which lists the names of the maps. */
  map(name: string): MapSpec {
    return memberNamed(`object ${this.name}`, "map", this.maps, name);
  }

  /**
   * Returns the global variable of this name. If there is none, throws UsageError, which lists the names of the
   * variables.
   */
  variable(name: string): VariableSpec {
    return memberNamed(`object ${this.name}`, "variable", this.variables, name);
  }

  /** Returns the extern of this name. If there is none, throws UsageError, which lists the names of the externs. */
  extern(name: string): ExternSpec {
    return memberNamed(`object ${this.name}`, "extern", this.externs, name);
  }
}

/** A program: its linked instructions, and the relocations to apply at load. */
export interface ProgramSpec {
  readonly name: string;
  /** The section's name in the file, including a leading `?`. */
  readonly sectionName: string;
  /** The program's type (BPF_PROG_TYPE_*); UNSPEC (0) if the section name does not determine the type. */
  type: BpfProgType;
  /** The expected attach type, if the section name determines one. */
  attachType: BpfAttachType | undefined;
  /** The program's `prog_flags`: BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS, … */
  flags: number;
  /** The target in the section name: `sched/sched_switch` of `tp/sched/sched_switch`; empty if there is none. */
  attachTo: string;
  /** True if loadObject() loads the program by default. False if the section name begins with `?`. */
  autoload: boolean;
  /**
   * True if autoAttach() attaches the program. False if the section name does not contain all that is needed to attach
   * it.
   */
  autoattach: boolean;
  /** The index of the network device for an offloaded or device-bound program; 0 for none. */
  ifindex: number;
  /** The encoded instructions, in the object's byte order: first the program, then each subprogram that it reaches. */
  instructions: Uint8Array;
  /** The relocations that need the kernel, by ascending slot. Calls between functions are resolved already. */
  relocations: Relocation[];
  /** The CO-RE relocations. Each `slot` is an index into `instructions`. */
  coreRelocations: CoreRelocation[];
  /** The functions in `instructions`. The first one is the program itself. */
  functions: FunctionSpec[];
  /**
   * The source lines, by ascending slot. The kernel requires lines for all functions or none, so this list may be
   * empty.
   */
  lines: LineSpec[];
  /** The jump tables. For each one, the load makes a frozen BPF_MAP_TYPE_INSN_ARRAY (Linux 6.19). */
  readonly jumpTables: readonly JumpTableSpec[];
}

/** The targets of an indirect jump. */
export interface JumpTableSpec {
  /** Slots in the program's instructions. They become `orig_off` of the map's elements, in this order. */
  readonly targets: readonly number[];
}

/** A function in a program's instructions. */
export interface FunctionSpec {
  readonly name: string;
  /** The slot of the function's first instruction. A slot has 8 bytes. */
  readonly slot: number;
  /**
   * The id of the function's FUNC in the object's BTF; 0 if unknown. The kernel requires ids for all functions or none.
   */
  readonly typeId: number;
}

/** The source line of an instruction. The two offsets are those of strings in the object's BTF. */
export interface LineSpec {
  readonly slot: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  /** `line << 10 | column`, as the kernel packs it. */
  readonly lineColumn: number;
}

/** An instruction that the load must patch. `slot` counts 8-byte slots from the program's start. */
export type Relocation =
  /** An ld_imm64 that loads a map's address. */
  | { readonly kind: "map"; readonly slot: number; readonly map: string }
  /**
   * An ld_imm64 that loads an address inside a map's value. For an arena, `offset` counts from the start of its
   * globals.
   */
  | { readonly kind: "map_value"; readonly slot: number; readonly map: string; readonly offset: number }
  /**
   * An ld_imm64 that loads an extern. The loader patches the instruction to load the address of a kconfig value, the
   * address of a kernel variable, or a constant.
   */
  | { readonly kind: "extern"; readonly slot: number; readonly extern: string }
  /** A call of a kernel function, or an ld_imm64 that loads its address. */
  | { readonly kind: "kfunc"; readonly slot: number; readonly extern: string; readonly call: boolean }
  /**
   * An ld_imm64 that loads an address inside a jump table. `table` is the index in {@link ProgramSpec.jumpTables}.
   * `offset` is in bytes.
   */
  | { readonly kind: "jump_table"; readonly slot: number; readonly table: number; readonly offset: number };

/** A symbol that the object does not define. The kernel or its configuration defines it. */
export interface ExternSpec {
  /**
   * The declared name. The name of the kernel's symbol is the text before `___`, if the declared name contains `___`.
   */
  readonly name: string;
  /**
   * True for a weak extern, which becomes 0 if the kernel lacks the symbol. If it is false, a missing symbol is an
   * error.
   */
  readonly weak: boolean;
  readonly source:
    | {
        readonly kind: "kconfig";
        /** The offset of the extern in the value of the map `.kconfig`. */
        readonly offset: number;
        readonly size: number;
        /** The extern's type, with modifiers such as const. */
        readonly typeId: number;
        readonly type: "char" | "bool" | "int" | "tristate" | "char_array";
        readonly signed: boolean;
      }
    /** `typeId` is 0 for `extern const void x __ksym`: only the address of such a symbol is looked up. */
    | { readonly kind: "ksym"; readonly typeId: number }
    /** `typeId` is the FUNC_PROTO of the function. */
    | { readonly kind: "kfunc"; readonly typeId: number }
    /** An undefined symbol without a type, from inline assembly. The caller must set `value` before the load. */
    | { readonly kind: "constant"; value: bigint | undefined };
}

/** The definition of a map. Sizes are in bytes. */
export interface MapSpec {
  /**
   * The map's key in {@link ObjectSpec.maps}, such as `counts` or `.rodata.str1.1`. The name of an inner map is
   * `outer.inner`.
   */
  readonly name: string;
  /** The map's name in the kernel, of at most 15 characters, such as `counter.rodata`. */
  kernelName: string;
  /**
   * Where the map comes from. `btf`: the section `.maps`. `legacy`: a section named `maps`. `data`: a section of global
   * variables. `kconfig`: the kconfig externs. `struct_ops`: a struct_ops variable. `arena`: a BPF_MAP_TYPE_ARENA of
   * `.maps`, whose `contents` are the object's arena globals.
   */
  readonly source: "btf" | "legacy" | "data" | "kconfig" | "struct_ops" | "arena";
  type: BpfMapType;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  /** The flags (BPF_F_*) to create the map with. */
  flags: number;
  numaNode: number | undefined;
  mapExtra: bigint;
  ifindex: number;
  /**
   * `name` means LIBBPF_PIN_BY_NAME: the load pins the map under its name in `pinPath`, or reuses a map that is pinned
   * there.
   */
  pinning: "none" | "name";
  /** The definition of the inner maps of a map of maps. */
  innerMap: MapSpec | undefined;
  /** The id of the key's type in the object's BTF; 0 for none. */
  keyTypeId: number;
  valueTypeId: number;
  /** The declaration tags (`btf_decl_tag`) of the map's variable. */
  readonly tags: readonly string[];
  /**
   * The initial bytes of a data section's map or of an arena's globals; undefined for other maps. The zeros of `.bss*`
   * and `.kconfig` are allocated at the first access. The load decides where in an arena the globals are.
   */
  contents: Uint8Array | undefined;
  /** True if the map is read-only for programs, and frozen after the load has filled it (`.rodata*`, `.kconfig`). */
  readonly frozen: boolean;
  /**
   * The initial elements of a prog array or map of maps. `target` is the name of a program or a map of the same object.
   */
  readonly slots: readonly { readonly index: number; readonly target: string }[];
  /** The struct of a map with `source: "struct_ops"`. */
  readonly structOps: StructOpsSpec | undefined;
  /** True if the load creates the map (libbpf's bpf_map__set_autocreate). */
  autocreate: boolean;
}

/** A variable whose type is a kernel struct of callbacks. It comes from `.struct_ops` or `.struct_ops.link`. */
export interface StructOpsSpec {
  /** The id of the struct in the object's BTF. */
  readonly typeId: number;
  /** The name of the struct up to `___`, such as `tcp_congestion_ops`. */
  readonly typeName: string;
  /** True if the variable is in `.struct_ops.link`. A link then registers the struct. */
  readonly link: boolean;
  /** The initial bytes of the struct, in the object's layout. */
  readonly data: Uint8Array;
  /**
   * The callbacks: the offset in `data`, the member's name and the program's name. Remove a callback to leave its
   * member unset.
   */
  readonly callbacks: { readonly offset: number; readonly member: string; readonly program: string }[];
}
