// What a loader program is to do, in the kernel's terms. Fds are not known yet: where one belongs, zero stands.

/** A map to create. */
export interface LoaderMap {
  /** `BpfMapCreateAttr`, filled; the fds of BTF and of an inner map are put in by the loader. */
  readonly attr: Uint8Array;
  /** Whether the map has types of the object's BTF. */
  readonly typed: boolean;
  /** The prototype of a map of maps, created for the time of the call. */
  readonly inner: { readonly attr: Uint8Array; readonly typed: boolean } | undefined;
  /** The first element's value, to be set. */
  readonly contents: Uint8Array | undefined;
  readonly freeze: boolean;
  /** Elements that are other maps or programs, by their place in the plan; set when all are there. */
  readonly slots: readonly { readonly index: number; readonly map?: number; readonly program?: number }[];
}

/** An instruction whose operand only the kernel knows. `slot` counts 8-byte slots in the program's instructions. */
export type LoaderPatch =
  /** The fd of a map goes into an ld_imm64. */
  | { readonly kind: "map"; readonly slot: number; readonly map: number }
  /** The address of a kernel symbol goes into an ld_imm64; it stays as it is where there is none. */
  | { readonly kind: "address"; readonly slot: number; readonly name: string; readonly weak: boolean }
  /** The BTF id of a kernel variable or function goes into an ld_imm64 (BPF_PSEUDO_BTF_ID). */
  | {
      readonly kind: "btf";
      readonly slot: number;
      readonly name: string;
      readonly btfKind: number;
      readonly weak: boolean;
    }
  /** A call becomes one of a kernel function (BPF_PSEUDO_KFUNC_CALL). */
  | { readonly kind: "kfunc"; readonly slot: number; readonly name: string; readonly weak: boolean };

/** A program to load. */
export interface LoaderProgramPart {
  /** `BpfProgLoadAttr`, filled but for its pointers and counts. */
  readonly attr: Uint8Array;
  readonly license: string;
  readonly instructions: Uint8Array;
  readonly functionInfo: Uint8Array;
  readonly lineInfo: Uint8Array;
  /** Records of `struct bpf_core_relo`, which the kernel applies. */
  readonly coreRelocations: Uint8Array;
  readonly patches: readonly LoaderPatch[];
  /** What it attaches to by BTF, looked up by the loader: the whole name with its prefix, and the kind of type. */
  readonly target: { readonly name: string; readonly btfKind: number } | undefined;
}

/** All that is to be loaded, in this order. */
export interface LoaderPlan {
  readonly btf: Uint8Array | undefined;
  readonly maps: readonly LoaderMap[];
  readonly programs: readonly LoaderProgramPart[];
}

/** Where the kernel's `struct bpf_map` has the hash of a map's contents, and whether one program alone may use it. */
export interface MapHashPlace {
  readonly sha: number;
  /** Absent in kernels that do not keep it. */
  readonly excl: number | undefined;
}

/** What a loader needs that is to be signed: it checks its data itself, because a signature is over instructions. */
export interface SignedData {
  readonly place: MapHashPlace;
  /** SHA-256. */
  readonly hash: (data: Uint8Array) => Uint8Array;
}

/** A loader program: what runs, and what it works on. */
export interface LoaderProgram {
  /** Of type syscall, sleepable. Its first map, by index, is an array with one element: {@link data}. */
  readonly instructions: Uint8Array;
  readonly data: Uint8Array;
  /** Bytes of its context, which it changes in place. */
  readonly contextSize: number;
  /**
   * Where in the context are the number of the step that it came to (as in {@link steps}), and the fds of maps and
   * programs by their place in the plan. A map whose fd is there before is not created.
   */
  readonly stepOffset: number;
  readonly mapOffsets: readonly number[];
  readonly programOffsets: readonly number[];
  /** What each step does, for the error of one that fails: the loader then returns its errno, negative. */
  readonly steps: readonly LoaderStep[];
}

/** A step of a loader program. */
export interface LoaderStep {
  readonly what: "btf" | "map" | "symbol" | "target" | "program" | "element";
  /** The map or program in the plan; -1 for BTF. */
  readonly index: number;
  /** The symbol or target that is looked up. */
  readonly name?: string;
}
