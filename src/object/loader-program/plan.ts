// The plan of a loader program, in the kernel's terms. The fds do not exist yet, so the fields for fds are zero.

/** A map to create. */
export interface LoaderMap {
  /** The bytes of a `BpfMapCreateAttr`. The loader program adds the fds of BTF and of the inner map. */
  readonly attr: Uint8Array;
  /** True if the object's BTF has types for the map's key and value. */
  readonly typed: boolean;
  /** The inner map of a map of maps. It exists only while the loader program creates the outer map. */
  readonly inner: { readonly attr: Uint8Array; readonly typed: boolean } | undefined;
  /** The value to write to the map's first element. */
  readonly contents: Uint8Array | undefined;
  /** The flags for BPF_MAP_UPDATE_ELEM, which writes `contents`. */
  readonly contentsFlags: bigint;
  readonly freeze: boolean;
  /**
   * The elements whose values are maps or programs. `map` and `program` are indices in the plan. The elements are set
   * after all maps and programs exist.
   */
  readonly slots: readonly { readonly index: number; readonly map?: number; readonly program?: number }[];
}

/** An instruction to patch. `slot` counts 8-byte slots in the program's instructions. */
export type LoaderPatch =
  /** Writes the fd of a map into an ld_imm64. */
  | { readonly kind: "map"; readonly slot: number; readonly map: number }
  /**
   * Writes the address of a kernel symbol into an ld_imm64. If a weak symbol does not exist, the ld_imm64 does not
   * change.
   */
  | { readonly kind: "address"; readonly slot: number; readonly name: string; readonly weak: boolean }
  /** Writes the BTF id of a kernel variable or function into an ld_imm64 (BPF_PSEUDO_BTF_ID). */
  | {
      readonly kind: "btf";
      readonly slot: number;
      readonly name: string;
      readonly btfKind: number;
      readonly weak: boolean;
    }
  /** Makes a call instruction call a kernel function (BPF_PSEUDO_KFUNC_CALL). */
  | { readonly kind: "kfunc"; readonly slot: number; readonly name: string; readonly weak: boolean };

/** A program to load. */
export interface LoaderProgramPart {
  /** The bytes of a `BpfProgLoadAttr`, without pointers and counts. */
  readonly attr: Uint8Array;
  readonly license: string;
  readonly instructions: Uint8Array;
  readonly functionInfo: Uint8Array;
  readonly lineInfo: Uint8Array;
  /** The records of `struct bpf_core_relo` that the kernel applies. */
  readonly coreRelocations: Uint8Array;
  readonly patches: readonly LoaderPatch[];
  /**
   * The BTF type to attach to: its name with the prefix, such as `bpf_lsm_`, and its kind. The loader program looks up
   * its id.
   */
  readonly target: { readonly name: string; readonly btfKind: number } | undefined;
}

/** What a loader program loads: first the BTF, then the maps, then the programs. */
export interface LoaderPlan {
  readonly btf: Uint8Array | undefined;
  readonly maps: readonly LoaderMap[];
  readonly programs: readonly LoaderProgramPart[];
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
  /** The offset in the context of the number of the last step, an index into {@link steps}. */
  readonly stepOffset: number;
  /**
   * The offset in the context of the fd of each map of the plan. If the context already has the fd of a map, the loader
   * program does not create that map.
   */
  readonly mapOffsets: readonly number[];
  /** The offset in the context of the fd of each program of the plan. */
  readonly programOffsets: readonly number[];
  /** The steps, for errors. If a step fails, the loader program returns the negative errno of the step. */
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
