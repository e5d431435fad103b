import { createRequire } from "node:module";
import type { Disassembler } from "../../asm/index.ts";
import { BpfError, NotSupportedError } from "../../errors/index.ts";
import { arm64Disassembler, type Capstone } from "./arm64.ts";
import { x86Disassembler } from "./x86.ts";

/**
 * Turns this machine's code into LLVM's text (x86-64: AT&T syntax), for what `Program.jited()` returns. On arm64 an optional
 * dependency of this package does it, which is loaded here: @alexaltea/capstone-js. Throws a BpfError where that is not
 * installed, NotSupportedError on other machines.
 */
export async function openDisassembler(architecture: string = process.arch): Promise<Disassembler> {
  switch (architecture) {
    case "x64":
      return x86Disassembler;
    case "arm64":
      return arm64Disassembler(await load<() => Promise<Capstone>>("@alexaltea/capstone-js")());
    default:
      throw new NotSupportedError({ feature: `the disassembly of ${architecture} code` });
  }
}

// The types of optional packages stay out of our declarations: who has not installed them could not compile.
function load<T>(name: string): T {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch (cause) {
    throw new BpfError(
      "NO_DISASSEMBLER",
      `the optional package ${name} is not there, which disassembles machine code: install it beside bpfts (npm install ${name})`,
      { cause },
    );
  }
}
