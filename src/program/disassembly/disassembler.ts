import { createRequire } from "node:module";
import type { Disassembler } from "../../asm/index.ts";
import { BpfError, NotSupportedError } from "../../errors/index.ts";
import { arm64Disassembler, type Capstone } from "./arm64.ts";
import { x86Disassembler } from "./x86.ts";

/**
 * Opens a disassembler for the machine code that `Program.jited()` returns. The text is the same as LLVM's (on x86-64
 * in AT&T syntax). On arm64 it loads the optional package @alexaltea/capstone-js. Throws BpfError if that package is
 * not installed, and NotSupportedError on other architectures.
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

// The caller gives the package's type as `T`. Our declarations must not refer to the types of an optional package,
// because users who have not installed the package could not compile.
function load<T>(name: string): T {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch (cause) {
    throw new BpfError(
      "NO_DISASSEMBLER",
      `disassembling machine code needs the optional package ${name}, which is not installed: run npm install ${name}`,
      { cause },
    );
  }
}
