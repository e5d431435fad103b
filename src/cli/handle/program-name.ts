import { fullProgramName as fullName } from "../../program/index.ts";
import type { ProgInfo } from "../../sys/index.ts";
import { loadedBtf } from "./loaded-btf.ts";

/** A program's name in full: where it fills the kernel's 15 characters, that of its function in its BTF. */
export function fullProgramName(info: ProgInfo, fd: number): string {
  return fullName(info, fd, loadedBtf);
}
