import type { Btf } from "../btf/index.ts";
import { formatHex } from "../layout/index.ts";
import { kernelAtLeast, type ProgInfo } from "../sys/index.ts";
import { programFunctions } from "./debug-info.ts";

/** KSYM_NAME_LEN, with the NUL; 128 before Linux 6.1. */
const MAX_SYMBOL = 512;
const MAX_OLD_SYMBOL = 128;
/** The kernel's name for a subprogram without BTF (jit_subprogs in kernel/bpf/verifier.c). */
const NAMELESS = "F";

/**
 * Returns the symbols of a program's functions, built as bpf_prog_ksym_set_name() in kernel/bpf/core.c does. It does
 * not read them from /proc/kallsyms, which takes time quadratic in the number of loaded programs and lists them only if
 * net.core.bpf_jit_kallsyms allows it. `info` must include `progTags` and `funcInfo`.
 */
export function functionSymbols(info: ProgInfo, btf: Btf | undefined): string[] {
  const functions = programFunctions(info, btf);
  const limit = (kernelAtLeast(6, 1) ? MAX_SYMBOL : MAX_OLD_SYMBOL) - 1;
  // If there are several functions, 5.10 names the first one after the copy that jit_subprogs made: with the tag of the
  // copied instructions and without the program's name. 6.1 names it after the program.
  const isCopy = info.nr_jited_ksyms > 1 && !kernelAtLeast(5, 15);
  return Array.from({ length: Math.max(1, info.nr_jited_ksyms) }, (_, i) => {
    const isProgram = i === 0 && !isCopy;
    const tag = formatHex((isProgram ? undefined : info.prog_tags?.[i]) ?? info.tag);
    const name = functions[i]?.name ?? (isProgram ? info.name : NAMELESS);
    return `bpf_prog_${tag}${name === "" ? "" : `_${name}`}`.slice(0, limit);
  });
}
