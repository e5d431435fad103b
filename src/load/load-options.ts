import { Btf } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable, required } from "../kernel/index.ts";
import { BpfMap } from "../map/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import { Program } from "../program/index.ts";
import type { LoaderSigner } from "./sign/loader-signature.ts";

/** How to load an object. Without options, everything is loaded as the object file says. */
export interface LoadOptions {
  /**
   * The programs to load: their names, or a predicate. By default, all programs except those whose section name begins
   * with `?`.
   */
  readonly programs?: readonly string[] | ((program: ProgramSpec) => boolean) | undefined;
  /**
   * Maps to use instead of new ones, by name. Unless `anyMaps` is set, each must have the type, sizes and flags of the
   * map that it replaces.
   */
  readonly maps?: Readonly<Record<string, BpfMap>> | undefined;
  /**
   * Accepts maps in `maps` that differ from the spec, for example larger ones, as bpftool does. The verifier then
   * decides whether the programs can use these maps.
   */
  readonly anyMaps?: boolean | undefined;
  /**
   * A directory in a bpffs where all maps are pinned after the load. The pins have the names that libbpf uses, such as
   * `counts` and `counter_bss`.
   */
  readonly pinMaps?: string | undefined;
  /**
   * The directory for maps that are declared with `pinning`. Such a map is reused if it is pinned there, and otherwise
   * pinned there. Default: /sys/fs/bpf.
   */
  readonly pinPath?: string | undefined;
  /** The BTF to relocate against, instead of the running kernel's BTF: a path, or parsed BTF. */
  readonly kernelBtf?: string | Btf | undefined;
  /** The index of the network device to offload programs and maps to. Default: the device in the spec of each. */
  readonly ifindex?: number | undefined;
  /** Lines of the form `CONFIG_X=value` for `__kconfig` externs. They override the kernel's own configuration. */
  readonly kconfig?: string | undefined;
  /**
   * The level of the verifier's log, also for programs that the verifier accepts: 1, 2 or 4 (statistics), or a sum of
   * these.
   */
  readonly logLevel?: number | undefined;
  /** Called with the verifier's log of each program, if `logLevel` is set. */
  readonly onLog?: ((program: string, log: string) => void) | undefined;
  /**
   * Loads the object through a loader program, a program of type syscall. It does the whole load inside the kernel: it
   * creates the maps, applies the CO-RE relocations, looks up externs and loads the programs. Needs Linux 5.14, with
   * CO-RE relocations 5.17. It cannot load struct_ops maps and jump tables.
   */
  readonly useLoader?: boolean | undefined;
  /**
   * Signs the loader program; implies `useLoader`. The kernel checks the signature with the certificate, which is in
   * the session's keyring during the load. The loader program checks the hash of its own data. Needs Linux 6.18.
   */
  readonly sign?: LoaderSigner | undefined;
  /**
   * The path of a bpffs that gives out BPF tokens (6.9). With a token, the load needs only those rights that the token
   * delegates. Default: the path in the environment variable LIBBPF_BPF_TOKEN_PATH; without this variable, in a user
   * namespace, /sys/fs/bpf if it gives out tokens. An empty path means that no token is used. A token cannot be
   * combined with `useLoader`.
   */
  readonly token?: string | undefined;
  /** Called with a sentence for each step of the load, for example that a map is created or a program is loaded. */
  readonly onStep?: ((step: string) => void) | undefined;
  /**
   * The loaded program to attach to, for each freplace, fentry or fexit program of the object, by the name of the
   * object's program. The `attachTo` of the object's program names the function in the loaded program.
   */
  readonly targets?: Readonly<Record<string, Program>> | undefined;
}

/** The kind of value for each option. */
const LOAD_OPTIONS: OptionTable<LoadOptions> = {
  programs: "any",
  maps: "object",
  anyMaps: "boolean",
  pinMaps: "text",
  pinPath: "text",
  kernelBtf: "any",
  ifindex: "natural",
  kconfig: "text",
  logLevel: "natural",
  onLog: "function",
  useLoader: "boolean",
  sign: "object",
  token: "text",
  onStep: "function",
  targets: "object",
};

const SIGNER_OPTIONS: OptionTable<LoaderSigner> = { privateKey: required("text"), certificate: required("text") };

/** Throws UsageError for an option that loadObject does not have, and for a value that does not fit its option. */
export function checkLoadOptions(options: LoadOptions): void {
  checkOptions("loadObject", options, LOAD_OPTIONS);
  const { programs, maps = {}, targets = {}, kernelBtf, sign, token, useLoader } = options;
  const isNames = Array.isArray(programs) && programs.every((name) => typeof name === "string");
  if (programs !== undefined && typeof programs !== "function" && !isNames) {
    throw new UsageError("loadObject: the option 'programs' must be an array of names, or a function");
  }
  for (const [name, map] of Object.entries(maps)) {
    if (!(map instanceof BpfMap)) {
      throw new UsageError(
        `loadObject: the option 'maps' must contain a BpfMap for ${name}, for example one that openMap() returned`,
      );
    }
  }
  for (const [name, target] of Object.entries(targets)) {
    if (!(target instanceof Program)) {
      throw new UsageError(
        `loadObject: the option 'targets' has no Program for ${name}; give one, for example from openProgram()`,
      );
    }
  }
  if (kernelBtf !== undefined && typeof kernelBtf !== "string" && !(kernelBtf instanceof Btf)) {
    throw new UsageError("loadObject: the option 'kernelBtf' must be the path of a file, or a Btf");
  }
  if (token && (useLoader === true || sign !== undefined)) {
    throw new UsageError(
      "loadObject: the options token and useLoader exclude each other, because a loader program cannot use a token; leave out one of them",
    );
  }
  if (sign !== undefined) checkOptions("the option 'sign' of loadObject", sign, SIGNER_OPTIONS);
}
