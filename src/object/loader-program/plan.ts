import type { FieldsOf, StructValue } from "../../layout/index.ts";
import type { BpfMapCreateAttr, BpfProgLoadAttr } from "../../uapi/index.ts";

// The plan of a loader program, in the kernel's terms. The fds do not exist yet, so the fields for fds are zero.

/** Fields of BPF_MAP_CREATE and of BPF_PROG_LOAD. The loader program adds pointers, counts and fds. */
export type MapCreateFields = Partial<StructValue<FieldsOf<typeof BpfMapCreateAttr>>>;
export type ProgLoadFields = Partial<StructValue<FieldsOf<typeof BpfProgLoadAttr>>>;

/** A map to create. */
export interface LoaderMap {
  readonly fields: MapCreateFields;
  /** The inner map of a map of maps. It exists only while the loader program creates the outer map. */
  readonly inner: MapCreateFields | undefined;
  /** The value to write to the map's first element. */
  readonly contents: Uint8Array | undefined;
  /** The flags for BPF_MAP_UPDATE_ELEM, which writes `contents`. */
  readonly contentsFlags: bigint;
  readonly freeze: boolean;
  /** The elements whose values are maps or programs. `map` and `program` are indices in the plan. */
  readonly slots: readonly { readonly index: number; readonly map?: number; readonly program?: number }[];
  /** Whether the map exists already. The caller then puts an fd of it into the context. */
  readonly isGiven: boolean;
}

/** A kernel symbol that an instruction refers to. `slot` counts 8-byte slots in the program's instructions. */
export interface LoaderSymbol {
  /**
   * `address`: the symbol's address goes into an ld_imm64. `btf`: the BTF id of a kernel variable or function goes into
   * an ld_imm64 (BPF_PSEUDO_BTF_ID). `kfunc`: the id goes into a call (BPF_PSEUDO_KFUNC_CALL).
   */
  readonly kind: "address" | "btf" | "kfunc";
  readonly slot: number;
  readonly name: string;
  readonly btfKind: number;
  /** Whether the program is also loaded without the symbol. The instruction then gets zeros. */
  readonly weak: boolean;
}

/** A program to load. */
export interface LoaderProgramPart {
  readonly fields: ProgLoadFields;
  readonly license: string;
  readonly instructions: Uint8Array;
  /** The instructions (8-byte slots) that get the fd of a map. The others refer to maps by their index in the plan. */
  readonly mapFds: readonly { readonly slot: number; readonly map: number }[];
  readonly functionInfo: Uint8Array;
  readonly lineInfo: Uint8Array;
  /** The records of `struct bpf_core_relo` that the kernel applies. */
  readonly coreRelocations: Uint8Array;
  readonly symbols: readonly LoaderSymbol[];
  /**
   * The BTF type to attach to: its name with the prefix, such as `bpf_lsm_`, and its kind. The loader program looks up
   * its id.
   */
  readonly target: { readonly name: string; readonly btfKind: number } | undefined;
  /** The index of the program's fd among the programs' fds in the context. */
  readonly index: number;
}

/** What a loader program loads: first the BTF, then the maps, then the programs. */
export interface LoaderPlan {
  /**
   * `skeleton`: a C program runs the loader program. Its bytes are those that libbpf 1.8 generates, and C code may
   * change sizes and initial values of maps. `load`: this process runs it at once, and wants to know which step failed.
   */
  readonly purpose: "skeleton" | "load";
  readonly byteOrder: "little" | "big";
  readonly btf: Uint8Array | undefined;
  readonly maps: readonly LoaderMap[];
  readonly programs: readonly LoaderProgramPart[];
  /** The number of programs' fds in the context. */
  readonly programSlots: number;
  /** The number of the object's functions. libbpf's loader program closes so many fds at the end. */
  readonly functions: number;
}

/**
 * The offsets of two members of the kernel's `struct bpf_map`: `sha` is the hash of the map's contents, and `excl`
 * marks a map that only one program may use.
 */
export interface MapHashPlace {
  readonly sha: number;
  /** Undefined if the kernel's struct has no such member. */
  readonly excl: number | undefined;
}

/**
 * What a signed loader program needs to check its data. The signature covers only the instructions of the loader
 * program.
 */
export interface SignedData {
  readonly place: MapHashPlace;
  /** Returns the SHA-256 hash of bytes. */
  readonly hash: (data: Uint8Array) => Uint8Array;
}

/** A loader program: its instructions and its data. */
export interface LoaderProgram {
  /**
   * The instructions of a sleepable program of type syscall. The fd at index 0 of its fd_array must be an array map
   * with one element, whose value is {@link data}.
   */
  readonly instructions: Uint8Array;
  readonly data: Uint8Array;
  /** The size in bytes of the context. The loader program changes its context in place. */
  readonly contextSize: number;
  /** The offset in the context of the fd of each map of the plan. */
  readonly mapOffsets: readonly number[];
  /** The offset in the context of the fd of each program. */
  readonly programOffsets: readonly number[];
  /** The offset in the context of the number of the last step, an index into {@link steps}. */
  readonly stepOffset: number;
  /**
   * The steps, for errors; empty for a skeleton. If a step fails, the loader program returns the negative errno of the
   * step.
   */
  readonly steps: readonly LoaderStep[];
}

/** A step of a loader program. */
export interface LoaderStep {
  readonly what: "btf" | "map" | "symbol" | "target" | "program" | "element";
  /** The index of the map or program in the plan; -1 for BTF. */
  readonly index: number;
  /** The name of the symbol or target to look up. */
  readonly name?: string;
}
