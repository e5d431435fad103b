import type { Run } from "../command/command.ts";

/** The version of this package. A test compares it with package.json. */
export const VERSION = "0.1.0";
/** The day of this version, for the manual pages. */
export const VERSION_DATE = "2026-11-29";
/** The version of bpftool whose commands and output this program follows. */
export const BPFTOOL_VERSION = "7.8.0";
export const LIBBPF_VERSION = "1.8";

/**
 * `bpfts version`. Prints three lines, as bpftool does. The line `features` names the optional features of bpftool that
 * bpfts has and that change what a command can do. `crypto` means that programs can be signed.
 */
export const showVersion: Run = () => ({
  text: () => [
    `bpfts v${VERSION}\nlike bpftool v${BPFTOOL_VERSION} with libbpf v${LIBBPF_VERSION}\nfeatures: crypto\n`,
  ],
  json: () => ({
    version: VERSION,
    libbpf_version: LIBBPF_VERSION,
    features: { libbfd: false, llvm: false, crypto: true, skeletons: false, bootstrap: false },
    bpftool_version: BPFTOOL_VERSION,
  }),
});
