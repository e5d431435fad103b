import type { Btf } from "../btf/index.ts";
import type { OptionTable } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import type { LoaderSigner } from "./sign/loader-signature.ts";

/** How an object is loaded. Without options, all of it is, as its file says. */
export interface LoadOptions {
  /** Which programs are loaded: names, or a predicate. Those of sections that begin with `?` only if said so. */
  readonly programs?: readonly string[] | ((program: ProgramSpec) => boolean) | undefined;
  /** Maps to use instead of new ones, by name. They must have the same type, sizes and flags, unless `anyMaps` is set. */
  readonly maps?: Readonly<Record<string, BpfMap>> | undefined;
  /**
   * Takes what is given in `maps` as it is, also where it differs from the spec, as bpftool does: a larger map in place
   * of a small one, or one of another type. Whether the programs can use it, the verifier decides.
   */
  readonly anyMaps?: boolean | undefined;
  /**
   * Pins every map in this directory of a bpffs once all is loaded, under the names that libbpf and the command use:
   * `counts`, `counter_bss`.
   */
  readonly pinMaps?: string | undefined;
  /** Where maps declared with `pinning` are pinned, and re-used from; /sys/fs/bpf unless given. */
  readonly pinPath?: string | undefined;
  /** BTF to relocate against instead of the running kernel's: a file, or parsed. */
  readonly kernelBtf?: string | Btf | undefined;
  /** The network device, by its index, that programs and maps are offloaded to; else what the spec says. */
  readonly ifindex?: number | undefined;
  /** `CONFIG_X=value` lines that go before the kernel's own configuration, for `__kconfig` externs. */
  readonly kconfig?: string | undefined;
  /** Asks the verifier for its log of programs that load, too: 1, 2 or 4 (statistics). */
  readonly logLevel?: number | undefined;
  /** Gets the verifier's log of each program, if `logLevel` is set. */
  readonly onLog?: ((program: string, log: string) => void) | undefined;
  /**
   * Loads by a program of type syscall that does it all inside the kernel: it creates the maps, applies the CO-RE
   * relocations, looks up externs and loads the programs. Linux 5.14; for CO-RE 5.17. Not for struct_ops and jump tables.
   */
  readonly useLoader?: boolean | undefined;
  /**
   * Signs the loader program (implies `useLoader`): the kernel checks the signature against the certificate, which is in
   * the session's keyring meanwhile, and the loader the hash of what it works on. Linux 6.18 with the kernel's keys.
   */
  readonly sign?: LoaderSigner | undefined;
  /** Is told each step of the load, in a sentence: what is created, re-used, resolved, relocated and loaded. */
  readonly onStep?: ((step: string) => void) | undefined;
  /**
   * The loaded program whose function a program of the object replaces (freplace) or traces (fentry, fexit), by the name
   * of the object's program. Its `attachTo` names the function.
   */
  readonly targets?: Readonly<Record<string, Program>> | undefined;
}

/** What {@link LoadOptions} takes. */
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
