import { fullProgramName as fullName } from "../../program/index.ts";
import type { ProgInfo } from "../../sys/index.ts";
import { loadedBtf } from "./loaded-btf.ts";

/** Returns a program's full name. If the name fills the kernel's 15 characters, its BTF has the rest. */
export function fullProgramName(info: ProgInfo, fd: number): string {
  return fullName(info, fd, loadedBtf);
}
