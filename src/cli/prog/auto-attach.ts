import { attachRawTracepoint, attachTracepoint, attachTracing, type Link, type Program } from "../../kernel/index.ts";
import { sectionKind } from "../../object/index.ts";
import { CommandError } from "../command-error.ts";

/**
 * Attaches a program to what its section's name says, as libbpf does. Undefined where such a name never says enough,
 * and bpftool pins the program itself.
 */
export function attachBySection(program: Program): Link | undefined {
  const kind = sectionKind(program.origin.sectionName ?? "");
  const named = (program.origin.attachTo ?? "") !== "";
  switch (kind?.autoAttach) {
    case undefined:
      return undefined;
    case "tp":
      return named ? attachTracepoint(program) : undefined;
    case "raw_tp":
      return named ? attachRawTracepoint(program) : undefined;
    case "trace":
    case "lsm":
      return attachTracing(program);
    default:
      throw new CommandError(
        `bpfts cannot attach program ${program.name} of section '${program.origin.sectionName}' by itself yet; bpftool can`,
      );
  }
}
