import type { Btf } from "../btf/index.ts";
import type { OptionTable } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import type { LoaderSigner } from "./sign/loader-signature.ts";

/** How to load an object. Without options, everything is loaded as the file says. */
export interface LoadOptions {
  /** The programs to load: names, or a predicate. By default all but those whose section begins with `?`. */
  readonly programs?: readonly string[] | ((program: ProgramSpec) => boolean) | undefined;
  /**
   * Maps to use instead of new ones, by name. They must have the same type, sizes and flags, unless `anyMaps` is set.
   */
  readonly maps?: Readonly<Record<string, BpfMap>> | undefined;
  /**
   * Accepts maps in `maps` that differ from the spec, for example larger ones, as bpftool does. The verifier decides
   * whether the programs can use them.
   */
  readonly anyMaps?: boolean | undefined;
  /**
   * Pins every map in this directory of a bpffs after the load, under the names that libbpf and the command use:
   * `counts`, `counter_bss`.
   */
  readonly pinMaps?: string | undefined;
  /**
   * The directory for maps that are declared with `pinning`: they are reused from it, or pinned in it. Default:
   * /sys/fs/bpf.
   */
  readonly pinPath?: string | undefined;
  /** The BTF to relocate against, instead of the running kernel's: a path, or parsed BTF. */
  readonly kernelBtf?: string | Btf | undefined;
  /** The index of the network device to offload programs and maps to. Default: that of the spec. */
  readonly ifindex?: number | undefined;
  /** Lines of `CONFIG_X=value` for `__kconfig` externs. They take precedence over the kernel's own configuration. */
  readonly kconfig?: string | undefined;
  /** The level of the verifier's log, also for programs that load: 1, 2 or 4 (statistics), or a sum of them. */
  readonly logLevel?: number | undefined;
  /** Called with the verifier's log of each program if `logLevel` is set. */
  readonly onLog?: ((program: string, log: string) => void) | undefined;
  /**
   * Loads through a program of type syscall, which does the whole load inside the kernel: it creates the maps, applies
   * the CO-RE relocations, looks up externs and loads the programs. Needs Linux 5.14, with CO-RE 5.17. It cannot load
   * struct_ops and jump tables.
   */
  readonly useLoader?: boolean | undefined;
  /**
   * Signs the loader program; implies `useLoader`. The kernel checks the signature with the certificate, which is in
   * the session's keyring during the load. The loader checks the hash of its data. Needs Linux 6.18.
   */
  readonly sign?: LoaderSigner | undefined;
  /** Called with a sentence for each step of the load: what is created, reused, resolved, relocated or loaded. */
  readonly onStep?: ((step: string) => void) | undefined;
  /**
   * The loaded program whose function a program of the object replaces (freplace) or traces (fentry, fexit), by the
   * name of the object's program. Its `attachTo` names the function.
   */
  readonly targets?: Readonly<Record<string, Program>> | undefined;
}

/** The kind of value that each option takes. */
export const LOAD_OPTIONS: OptionTable<LoadOptions> = {
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
  onStep: "function",
  targets: "object",
};
